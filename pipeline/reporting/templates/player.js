"use strict";
// The play head follows the sound; a click on a roll seeks; one piece sounds at a time.
for (const piece of document.querySelectorAll(".piece")) {
  const audio = piece.querySelector("audio");
  if (!audio) continue;
  const roll = piece.querySelector(".roll");
  const head = piece.querySelector(".playhead");
  const left = Number(roll.dataset.left);
  const right = Number(roll.dataset.right);
  const seconds = Number(roll.dataset.seconds);
  const place = () => {
    const share = Math.min(audio.currentTime / seconds, 1);
    head.setAttribute("transform", `translate(${(share * (right - left)).toFixed(2)} 0)`);
  };
  const follow = () => {
    place();
    if (!audio.paused) requestAnimationFrame(follow);
  };
  audio.addEventListener("play", () => {
    for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
    piece.classList.add("started");
    follow();
  });
  audio.addEventListener("seeked", () => {
    piece.classList.add("started");
    place();
  });
  roll.classList.add("seekable");
  roll.addEventListener("click", (event) => {
    const box = roll.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * roll.viewBox.baseVal.width;
    audio.currentTime = Math.max(0, Math.min(1, (x - left) / (right - left))) * seconds;
  });
}
// Paper has no disclosure triangles: print what they hide.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
