// The guesses at the piece that the reader points at or moves to.
for (const run of document.querySelectorAll(".guesses")) {
  const said = run.querySelector(".guess");
  const say = ({ target }) => {
    if (target.title) said.textContent = `${target.textContent.trim()}: ${target.title}`;
  };
  run.addEventListener("pointerover", say);
  run.addEventListener("focusin", say);
}
