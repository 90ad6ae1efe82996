// ?slides: each figure fills a screen under the title of its chapter; arrow keys and space turn the pages.
const FIGURES = ".highlight, .charts > .chart, .attention, .steps, .maps, .samples > figure, .pieces > .piece, .molecule, .scorecard";

if (new URLSearchParams(location.search).has("slides")) {
  const main = document.querySelector("main");
  const slides = [...main.querySelectorAll(`section:not(#appendix) :is(${FIGURES})`)].map((figure) => {
    const chapter = figure.closest("section");
    const slide = document.createElement("section");
    const title = document.createElement("h2");
    slide.className = "slide";
    title.textContent = chapter.querySelector("h2").textContent;
    slide.append(title, figure);
    return slide;
  });
  main.replaceChildren(...slides);
  document.body.classList.add("deck");
  const shown = () => slides.findLastIndex((slide) => slide.getBoundingClientRect().top < innerHeight / 2);
  addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, PageDown: 1, " ": 1, ArrowLeft: -1, PageUp: -1 }[event.key];
    if (!step || event.target.closest("select, input, summary, [role=slider], audio")) return;
    event.preventDefault();
    slides[shown() + step]?.scrollIntoView();
  });
}
