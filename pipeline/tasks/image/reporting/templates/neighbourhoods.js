// A click or an arrow key makes another pixel the query; all views were computed with the page.
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

for (const figure of document.querySelectorAll(".neighbourhood[data-views]")) {
  const [kinds, views] = [figure.dataset.kinds, figure.dataset.views].map(JSON.parse);
  const columns = Number(figure.dataset.columns);
  const picture = figure.querySelector("svg");
  const cells = [...figure.querySelectorAll(".cell")];
  const place = (cell) => `row ${Math.floor(cell / columns) + 1}, column ${(cell % columns) + 1}`;
  let query = Number(figure.dataset.query);

  const show = (chosen) => {
    query = chosen;
    const view = views[query];
    cells.forEach((cell, number) => {
      const { name, look, opacity } = kinds[view.kinds[number]];
      cell.setAttribute("class", `cell ${look}`);
      cell.setAttribute("fill-opacity", opacity);
      cell.firstElementChild.textContent = `${place(number)}: ${name}`;
    });
    for (const label of figure.querySelectorAll("[data-kind]")) {
      const height = view.labels[label.dataset.kind];
      label.setAttribute("visibility", height === undefined ? "hidden" : "visible");
      if (height !== undefined) label.setAttribute("y", height + 4);
    }
    figure.querySelector(".legend-note").textContent = view.says;
    picture.setAttribute("aria-valuenow", query + 1);
    picture.setAttribute("aria-valuetext", `${place(query)}: ${view.says}`);
  };

  picture.setAttribute("role", "slider");
  picture.setAttribute("tabindex", 0);
  picture.setAttribute("aria-label", `Query of ${figure.querySelector("figcaption").firstChild.textContent.trim()}`);
  picture.setAttribute("aria-valuemin", 1);
  picture.setAttribute("aria-valuemax", views.length);
  cells.forEach((cell, number) => cell.addEventListener("click", () => show(number)));
  picture.addEventListener("keydown", (event) => {
    const [down, right] = STEPS[event.key] ?? [0, 0];
    if (!down && !right) return;
    event.preventDefault();
    const [row, column] = [Math.floor(query / columns) + down, (query % columns) + right];
    if (column >= 0 && column < columns && row >= 0 && row * columns < views.length) show(row * columns + column);
  });
  show(query);
}
