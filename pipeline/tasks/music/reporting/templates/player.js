// The play head follows the sound, and with it arcs from the notes that sound to the earlier notes that a
// head attends to, the strongest MOST of them. A click on a roll plays from there, arrow keys seek; one piece
// sounds at a time.
const still = matchMedia("(prefers-reduced-motion: reduce)");
const PITCHES = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];
const MOST = 3; // arcs at once: more cannot be followed
const STEP = 1; // seconds that an arrow key seeks

for (const run of document.querySelectorAll(".music-run")) {
  const [layer, head] = run.querySelectorAll("select");
  const admits = (chosen, number) => chosen === "" || Number(chosen) === number;
  const draws = ([, , ofLayer, ofHead]) =>
    admits(layer ? layer.value : run.dataset.layer, ofLayer) && admits(head ? head.value : run.dataset.head, ofHead);
  const redraws = [...run.querySelectorAll(".piece:has(audio)")].map((piece) => follow(piece, draws));
  for (const control of [layer, head]) {
    control?.addEventListener("change", () => redraws.forEach((redraw) => redraw()));
  }
}

// Move the play head of `piece` and draw its arcs, of those that `draws` admits; return what draws them anew.
function follow(piece, draws) {
  const audio = piece.querySelector("audio");
  const roll = piece.querySelector(".roll");
  const playhead = piece.querySelector(".playhead");
  const canvas = piece.querySelector(".arcs");
  const [left, right, top, row, highest, seconds] = ["left", "right", "top", "row", "highest", "seconds"].map(
    (key) => Number(roll.dataset[key]),
  );
  const notes = JSON.parse(roll.dataset.notes ?? "[]");
  const arcs = JSON.parse(roll.dataset.arcs ?? "[]");
  const strongest = arcs.reduce((most, arc) => Math.max(most, arc[4]), 0);
  const arcsOf = notes.map(() => []);
  for (const arc of arcs) arcsOf[arc[0]].push(arc);
  let drawn = "";

  const x = (time) => left + (time / seconds) * (right - left);
  const y = (pitch) => top + (highest - pitch + 0.5) * row;
  const sounding = () =>
    notes.flatMap(([start, end], note) => (start <= audio.currentTime && audio.currentTime < end ? [note] : []));
  const arcsNow = () =>
    sounding()
      .flatMap((note) => arcsOf[note].filter(draws))
      .sort((one, other) => other[4] - one[4])
      .slice(0, MOST);

  const curve = ([from, to, , head, weight]) => {
    const [x1, x2] = [from, to].map((note) => x(notes[note][0]));
    const [y1, y2] = [from, to].map((note) => y(notes[note][2]));
    const peak = Math.max(0, Math.min(y1, y2) - 8 - (x1 - x2) / 4);
    const path = document.createElementNS(canvas.namespaceURI, "path");
    path.setAttribute("d", `M${x1} ${y1}C${x1} ${peak} ${x2} ${peak} ${x2} ${y2}`);
    path.setAttribute("class", `arc colour-${head % 6}`);
    path.setAttribute("opacity", Math.sqrt(weight / strongest));
    return path;
  };
  const drawArcs = () => {
    const shown = still.matches && !audio.paused ? [] : arcsNow(); // these would flicker: they wait for a pause
    if (String(shown) === drawn) return;
    drawn = String(shown);
    canvas.replaceChildren(...shown.map(curve));
  };
  const describe = () => {
    const [most] = arcsNow();
    const called = (note) => `${PITCHES[notes[note][2] % 12]}${Math.floor(notes[note][2] / 12) - 1}`;
    const time = `${audio.currentTime.toFixed(1)} seconds`;
    const looks = most && `${called(most[0])} attends most to ${called(most[1])} of ${notes[most[1]][0].toFixed(1)} seconds`;
    roll.setAttribute("aria-valuenow", audio.currentTime.toFixed(1));
    roll.setAttribute("aria-valuetext", looks ? `${time}, ${looks}` : time);
  };
  const place = () => {
    playhead.setAttribute("transform", `translate(${(x(Math.min(audio.currentTime, seconds)) - left).toFixed(2)} 0)`);
    drawArcs();
  };
  const advance = () => {
    place();
    if (!audio.paused) requestAnimationFrame(advance);
  };
  const rest = () => {
    piece.classList.add("started");
    place();
    describe();
  };
  const seek = (time) => {
    audio.currentTime = Math.max(0, Math.min(seconds, time));
  };

  audio.addEventListener("play", () => {
    for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
    piece.classList.add("started");
    advance();
  });
  audio.addEventListener("pause", rest);
  audio.addEventListener("seeked", rest);

  roll.classList.add("seekable");
  roll.tabIndex = 0;
  roll.setAttribute("role", "slider");
  roll.setAttribute("aria-valuemin", 0);
  roll.setAttribute("aria-valuemax", seconds);
  describe();
  roll.addEventListener("click", (event) => {
    const box = roll.getBoundingClientRect();
    const clicked = ((event.clientX - box.left) / box.width) * roll.viewBox.baseVal.width;
    seek(((clicked - left) / (right - left)) * seconds);
    audio.play();
  });
  roll.addEventListener("keydown", (event) => {
    const actions = {
      ArrowLeft: () => seek(audio.currentTime - STEP),
      ArrowRight: () => seek(audio.currentTime + STEP),
      Home: () => seek(0),
      End: () => seek(seconds),
      " ": () => (audio.paused ? audio.play() : audio.pause()),
    };
    if (!(event.key in actions)) return;
    event.preventDefault();
    actions[event.key]();
  });
  return () => {
    place();
    describe();
  };
}
