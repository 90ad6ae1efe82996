// A query is previewed under the pointer and pinned by a click; each head's line is shaded by its weights.
const showAttention = (figure) => {
  const sentences = JSON.parse(figure.dataset.sentences);
  const [sentence, kind, layer] = figure.querySelectorAll("select");
  const queries = figure.querySelector(".pieces-line");
  const heads = figure.querySelector(".heads");
  const summary = figure.querySelector("[aria-live]");
  const sides = { encoder: ["source", "source"], decoder: ["target", "target"], cross: ["target", "source"] };
  const side = (which) => sentences[sentence.value][sides[kind.value][which]];
  const plain = (piece) => ({ "<s>": "⊢", "</s>": "⊣" })[piece] ?? (piece.replaceAll("▁", " ").trim() || "␣");
  const text = (pieces) => pieces.slice(0, -1).join("").replaceAll("▁", " ").trim();

  let current = 0; // the query that is shown
  let pinned = null; // that query, if the pointer does not change it

  const element = (tag, className, content = "") => {
    const made = document.createElement(tag);
    made.className = className;
    made.textContent = content;
    return made;
  };
  const begins = (piece) => (/^[▁<]/.test(piece) ? " begins" : "");

  const show = (query) => {
    const layers = sentences[sentence.value][kind.value];
    const keys = side(1);
    const strongest = layers[layer.value].map((head, number) => {
      const weights = head[query];
      const line = heads.children[number].lastElementChild.children;
      weights.forEach((weight, key) => {
        line[key].style.setProperty("--weight", Math.sqrt(weight / 1000).toFixed(3));
        line[key].title = `${weight / 10} %`;
      });
      const most = weights.indexOf(Math.max(...weights));
      return `head ${number + 1} most at “${plain(keys[most])}” (${Math.round(weights[most] / 10)} %)`;
    });
    summary.textContent = `“${plain(side(0)[query])}” attends: ${strongest.join(", ")}.`;
  };

  const choose = (query) => {
    current = query;
    queries.children[query].firstElementChild.checked = true;
    show(query);
  };

  // A second click releases; arrow keys click too, and so pin what they reach.
  const pin = (query) => {
    pinned = pinned === query ? null : query;
    mark();
    choose(query);
  };

  const mark = () => {
    [...queries.children].forEach((label, query) => label.classList.toggle("pinned", query === pinned));
  };

  const build = () => {
    const layers = sentences[sentence.value][kind.value];
    const chosen = Math.min(Number(layer.value), layers.length - 1);
    layer.replaceChildren(...layers.map((_, number) => new Option(number + 1, number)));
    layer.value = chosen;
    queries.replaceChildren(
      ...side(0).map((piece, query) => {
        const label = element("label", `piece-choice${begins(piece)}`);
        const radio = element("input", "hidden");
        radio.type = "radio";
        radio.name = "query";
        radio.addEventListener("click", () => pin(query));
        label.addEventListener("pointerenter", () => pinned ?? choose(query));
        label.append(radio, element("span", "", plain(piece)));
        return label;
      }),
    );
    heads.replaceChildren(
      ...layers[chosen].map((_, number) => {
        const head = element("li", `head head-${number % 6}`);
        const line = element("span", "pieces-line");
        line.append(...side(1).map((piece) => element("span", `key${begins(piece)}`, plain(piece))));
        head.append(element("span", "head-name", `Head ${number + 1}`), line);
        return head;
      }),
    );
    current = Math.min(current, queries.children.length - 1);
    if (pinned !== null) pinned = current;
    mark();
    choose(current);
  };

  sentence.replaceChildren(...sentences.map((each, number) => new Option(text(each.source), number)));
  layer.replaceChildren(new Option(1, 0));
  sentence.addEventListener("change", () => {
    [current, pinned] = [0, null];
    build();
  });
  for (const control of [kind, layer]) control.addEventListener("change", build);
  build();
  figure.hidden = false;
};
document.querySelectorAll(".attention").forEach(showAttention);
