// Half a digit that somebody draws, and the other half, pixel by pixel.
import { fill, sample } from "../sampling.js";

const BRUSH = [[0, 0, 1], [0, 1, 0.45], [1, 0, 0.45], [0, -1, 0.45], [-1, 0, 0.45]]; // row, column, light

export const start = (section, network) => {
  const { height, width, levels, order } = network.about;
  const canvas = section.querySelector("canvas");
  const form = section.querySelector("form");
  const half = height / 2;
  const drawn = new Float32Array(half * width); // light, 0 to 1
  let pixels = new Array(height * width).fill(null); // levels; null: not known
  let running = 0;

  const show = () => {
    const known = pixels.filter((level) => level !== null).length;
    form.elements.state.value = `${known} of ${pixels.length} pixels`;
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

  const complete = async () => {
    redraw();
    const mine = running;
    const template = order.map((pixel) => (pixel < half * width ? pixels[pixel] : null));
    const temperature = Number(form.elements.temperature.value);
    const label = levels + Number(form.elements.label.value);
    for await (const [index, level] of fill(network, label, template, (logits) => sample(logits, temperature))) {
      if (mine !== running) return;
      pixels[order[index]] = level;
      if (template[index] === null) {
        show();
        await new Promise(requestAnimationFrame);
      }
    }
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    complete();
  });
  form.elements.clear.addEventListener("click", () => {
    drawn.fill(0);
    redraw();
  });
  // The upper half of a 7 is there from the start, and for those who cannot draw.
  for (let column = 2; column < width - 1; column++) drawn[width + column] = 1;
  for (let row = 2; row < half; row++) drawn[row * width + width - 1 - row] = 1;
  redraw();
  form.elements.start.disabled = false;
};
