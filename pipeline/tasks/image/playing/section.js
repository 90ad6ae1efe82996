// Half a digit that somebody draws, and the other half, pixel by pixel.
import { fill, sample } from "../sampling.js";

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }; // rows, columns
const BRIGHTEST = 9; // of the keys of digits
const BRUSH = [[0, 0, 1], [0, 1, 0.45], [1, 0, 0.45], [0, -1, 0.45], [-1, 0, 0.45]]; // row, column, light

export const start = (section, network) => {
  const { height, width, levels, order } = network.about;
  const canvas = section.querySelector("canvas");
  const frame = section.querySelector(".cell");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const form = section.querySelector("form");
  const half = height / 2;
  const drawn = new Float32Array(half * width); // light, 0 to 1
  let pixels = new Array(height * width).fill(null); // levels; null: not known
  let chosen = { row: 0, column: 0 }; // by keys
  let running = 0;

  const show = () => {
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, height);
    pixels.forEach((level, pixel) => {
      const grey = level === null ? 96 : Math.round((level * 255) / (levels - 1));
      image.data.set([grey, grey, grey, 255], 4 * pixel);
    });
    context.putImageData(image, 0, 0);
  };
  const given = () => Array.from(drawn, (light) => Math.round(light * (levels - 1)));
  const redraw = () => {
    running++;
    pixels = [...given(), ...new Array((height - half) * width).fill(null)];
    form.elements.state.value = "";
    show();
  };

  const touch = (event) => {
    const box = canvas.getBoundingClientRect();
    const row = Math.floor(((event.clientY - box.top) / box.height) * height);
    const column = Math.floor(((event.clientX - box.left) / box.width) * width);
    for (const [down, right, light] of BRUSH) {
      const [y, x] = [row + down, column + right];
      if (y >= 0 && y < half && x >= 0 && x < width) {
        drawn[y * width + x] = Math.min(1, Math.max(light, drawn[y * width + x]));
      }
    }
    redraw();
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    touch(event);
  });
  canvas.addEventListener("pointermove", (event) => event.buttons && touch(event));

  const tell = () => {
    const { row, column } = chosen;
    Object.assign(frame.style, { top: `${(100 * row) / height}%`, left: `${(100 * column) / width}%` });
    const level = pixels[row * width + column];
    const light = level === null ? "not drawn yet" : `light ${Math.round((level * BRIGHTEST) / (levels - 1))} of ${BRIGHTEST}`;
    const whose = row < half ? "yours" : "the network’s";
    form.elements.cell.value = `Row ${row + 1}, column ${column + 1}, ${whose}: ${light}.`;
  };
  const press = (key) => {
    const pixel = chosen.row * width + chosen.column;
    const light = /^[0-9]$/.test(key) ? Number(key) / BRIGHTEST : Number(drawn[pixel] < 0.5);
    if (chosen.row < half) {
      drawn[pixel] = light;
      redraw();
    }
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key in ARROWS) {
      const [down, right] = ARROWS[event.key];
      const within = (index, size) => Math.min(size - 1, Math.max(0, index));
      chosen = { row: within(chosen.row + down, height), column: within(chosen.column + right, width) };
    } else if (/^([0-9 ]|Enter)$/.test(event.key)) press(event.key);
    else return;
    event.preventDefault(); // the page would scroll
    tell();
  });
  canvas.addEventListener("focus", tell);

  const complete = async () => {
    redraw();
    const mine = running;
    form.elements.state.value = "drawing";
    const template = order.map((pixel) => (pixel < half * width ? pixels[pixel] : null));
    const temperature = Number(form.elements.temperature.value);
    const label = levels + Number(form.elements.label.value);
    for await (const [index, level] of fill(network, label, template, (logits) => sample(logits, temperature))) {
      if (mine !== running) return;
      pixels[order[index]] = level;
      if (template[index] === null && !still.matches) {
        show();
        await new Promise(requestAnimationFrame);
      }
    }
    show();
    form.elements.state.value = "drawn";
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    complete();
  });
  form.elements.clear.addEventListener("click", () => {
    drawn.fill(0);
    redraw();
  });
  Object.assign(frame.style, { height: `${100 / height}%`, width: `${100 / width}%` });
  // The upper half of a 7 is there from the start.
  for (let column = 2; column < width - 1; column++) drawn[width + column] = 1;
  for (let row = 2; row < half; row++) drawn[row * width + width - 1 - row] = 1;
  redraw();
  form.elements.start.disabled = false;
};
