// The pieces of passages are shaded by the weights of the head that is chosen.
for (const run of document.querySelectorAll(".passages")) {
  const controls = [...run.querySelectorAll("select")];
  const head = controls.at(-1);
  const layer = controls.length > 1 ? controls[0] : null;
  const passages = [...run.querySelectorAll(".passage")].map((passage) => ({
    shades: JSON.parse(passage.dataset.shades),
    pieces: passage.querySelectorAll("span"),
  }));
  const shade = () => {
    for (const { shades, pieces } of passages) {
      shades[layer?.value ?? 0][head.value].forEach((level, piece) => {
        pieces[piece].className = `shade-${level}`;
      });
    }
  };
  for (const control of controls) control.addEventListener("change", shade);
}
