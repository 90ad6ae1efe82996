// A sentence, its translation, and what each head looked at.
import { showAttention } from "./attention.js";
import { Pieces, tidy } from "./pieces.js";
import { likeliest } from "../sampling.js";

const [BOS, EOS] = [2, 3];
const EXTRA = 50; // a translation has at most so many pieces more than its source

// Greedy search: the ids of the translation of a source, both without EOS.
export const translate = async (network, source) => {
  const encoderWeights = await network.restart([...source, EOS]);
  const found = [];
  for (let id = BOS; found.length < source.length + 1 + EXTRA; ) {
    id = likeliest((await network.feed([id])).logits);
    if (id === EOS) break;
    found.push(id);
  }
  return { found, encoderWeights };
};

// (layer, head, query, key) in per mille, as the viewer reads them.
const perMille = ({ data, dims }) => {
  const nested = (offset, [size, ...rest]) => {
    const step = rest.reduce((product, each) => product * each, 1);
    return Array.from({ length: size }, (_, index) =>
      rest.length ? nested(offset + index * step, rest) : Math.round(1000 * data[offset + index]),
    );
  };
  return nested(0, dims);
};

export const start = (section, network) => {
  const pieces = new Pieces(network.about.pieces);
  const form = section.querySelector("form");
  const output = section.querySelector("output");
  const shown = section.querySelector(".shown");
  const viewer = section.querySelector("template");
  let busy = false;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const source = pieces.encode(tidy(form.elements.sentence.value));
    if (!source.length || busy) return;
    busy = true; // the button stays enabled, as one that is not would lose the focus
    const { found, encoderWeights } = await translate(network, source);
    output.textContent = pieces.decode(found);
    await network.restart([...source, EOS]);
    const { weights, crossWeights } = await network.feed([BOS, ...found]);
    const figure = viewer.content.firstElementChild.cloneNode(true);
    figure.dataset.sentences = JSON.stringify([
      {
        source: [...source, EOS].map((id) => pieces.texts[id]),
        target: [BOS, ...found].map((id) => pieces.texts[id]),
        encoder: perMille(encoderWeights),
        decoder: perMille(weights),
        cross: perMille(crossWeights),
      },
    ]);
    shown.replaceChildren(figure);
    showAttention(figure);
    busy = false;
  });
  form.elements.start.disabled = false;
};
