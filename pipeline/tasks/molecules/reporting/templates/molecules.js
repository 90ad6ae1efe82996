// Arcs lead from the atom that is pointed at, or has the focus, to the atoms that heads attend to.
const FAINT = 30; // per mille of a head's attention: less is not drawn
const BEND = 0.22; // height of an arc / its length

for (const run of document.querySelectorAll(".molecules")) {
  const names = JSON.parse(run.dataset.names);
  const [layer, head, colours] = run.querySelectorAll("select");
  const redraws = [...run.querySelectorAll(".molecule")].map((molecule) => attend(molecule, names, layer, head, colours));
  for (const control of [layer, head, colours]) {
    control.addEventListener("change", () => redraws.forEach((redraw) => redraw()));
  }
}

function attend(figure, names, layer, head, colours) {
  const { labels, weights } = JSON.parse(figure.dataset.molecule);
  const atoms = [...figure.querySelectorAll(".atom")];
  const canvas = figure.querySelector(".arcs");
  const seen = figure.querySelector(".seen");
  let chosen = 0;

  const place = (atom) => ["cx", "cy"].map((name) => Number(atoms[atom].firstElementChild.getAttribute(name)));
  const called = (atom) => atoms[atom].getAttribute("aria-label");
  const path = (from, to) => {
    const [[x1, y1], [x2, y2]] = [place(from), place(to)];
    if (from === to) return `M${x1 - 5} ${y1 - 9}a8 8 0 1 1 10 0`;
    const [x, y] = [(x1 + x2) / 2 + (y1 - y2) * BEND, (y1 + y2) / 2 + (x2 - x1) * BEND];
    return `M${x1} ${y1}Q${x} ${y} ${x2} ${y2}`;
  };
  const curve = (number, key, weight) => {
    const drawn = document.createElementNS(canvas.namespaceURI, "path");
    const colour = colours.value === "head" ? number : labels[chosen][key];
    drawn.setAttribute("class", `look colour-${colour % 6}`);
    drawn.setAttribute("d", path(chosen, key));
    drawn.setAttribute("opacity", Math.sqrt(weight / 1000));
    return drawn;
  };
  const draw = () => {
    const heads = weights[layer.value].map((rows, number) => [number, rows[chosen]]);
    const admitted = heads.filter(([number]) => head.value === "" || Number(head.value) === number);
    canvas.replaceChildren(
      ...admitted.flatMap(([number, row]) =>
        row.flatMap((weight, key) => (weight < FAINT ? [] : [curve(number, key, weight)])),
      ),
    );
    const most = admitted.map(([number, row]) => {
      const key = row.indexOf(Math.max(...row));
      return `head ${number + 1} most at ${called(key)} (${names[labels[chosen][key]]}, ${Math.round(row[key] / 10)} %)`;
    });
    seen.textContent = `${called(chosen)} attends: ${most.join(", ")}.`;
    atoms.forEach((atom, number) => atom.classList.toggle("chosen", number === chosen));
  };
  atoms.forEach((atom, number) => {
    for (const event of ["pointerenter", "focus", "click"]) {
      atom.addEventListener(event, () => {
        chosen = number;
        draw();
      });
    }
  });
  return draw;
}
