// A motif on a keyboard, harmonised and continued in four voices while it plays.
import { fill, sample } from "../sampling.js";

const SILENCE = 128;
const START = 129;
const VOICES = 4;
const SECONDS = 0.1875; // of a 16th: 80 quarter notes a minute
const QUARTER = 4; // 16ths of a key that is played
const LENGTH = 160; // 16ths of a piece
const BAR = 16; // 16ths
const SHOWN = [36, 84]; // pitches of the roll, from and below

// The piece of a motif, pitches by quarter: 16ths of four voices, null to be sampled.
export const templateOf = (motif, length) => {
  const soprano = motif.flatMap((pitch) => new Array(QUARTER).fill(pitch));
  return Array.from({ length: length * VOICES }, (_, index) =>
    index % VOICES === 0 ? (soprano[index / VOICES] ?? null) : null,
  );
};

class Player {
  constructor() {
    this.context = new AudioContext();
    this.loudness = this.context.createGain();
    this.loudness.gain.value = 0.12;
    this.loudness.connect(this.context.destination);
    this.playing = new Array(VOICES).fill(null); // the note of each voice
    this.start = null; // seconds of the context at which the first 16th sounds
  }

  // Let the four pitches of a 16th sound at its time; a voice that stays on a pitch holds it.
  chord(index, pitches) {
    this.start ??= this.context.currentTime + 0.3;
    // Should the network once fall behind, the piece waits for it.
    this.start = Math.max(this.start, this.context.currentTime - index * SECONDS + 0.02);
    const time = this.start + index * SECONDS;
    pitches.forEach((pitch, voice) => {
      if (this.playing[voice]?.pitch === pitch) return;
      this.playing[voice]?.end(time);
      this.playing[voice] = pitch === SILENCE ? null : this.note(pitch, time);
    });
    return time;
  }

  note(pitch, time) {
    const [tone, gain] = [this.context.createOscillator(), this.context.createGain()];
    tone.type = "triangle";
    tone.frequency.value = 440 * 2 ** ((pitch - 69) / 12);
    gain.gain.setValueAtTime(0, time);
    gain.gain.linearRampToValueAtTime(1, time + 0.02);
    tone.connect(gain).connect(this.loudness);
    tone.start(time);
    const end = (at) => {
      gain.gain.setTargetAtTime(0, at, 0.03);
      tone.stop(at + 0.3);
    };
    return { pitch, end };
  }

  finish(index) {
    this.chord(index, new Array(VOICES).fill(SILENCE));
  }

  stop() {
    this.context.close();
  }
}

export const start = (section, network) => {
  const form = section.querySelector("form");
  const keyboard = section.querySelector(".keyboard");
  const roll = section.querySelector("canvas");
  const motifText = section.querySelector(".motif");
  const lead = section.querySelector(".lead");
  const [state, clear, stop] = ["state", "clear", "stop"].map((name) => form.elements[name]);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const nameOf = (pitch) => keyboard.querySelector(`[data-pitch="${pitch}"]`).textContent;
  let motif = [67, 69, 71, 72];
  let player = null;
  let running = 0;

  const tell = () => {
    motifText.textContent = motif.map(nameOf).join(" ") || "play some keys";
  };
  const drawn = () => {
    const context = roll.getContext("2d");
    context.clearRect(0, 0, roll.width, roll.height);
    return context;
  };
  const colours = [0, 1, 2, 3].map((voice) => getComputedStyle(section).getPropertyValue(`--voice-${voice}`));
  const draw = (context, index, pitches) => {
    const [step, high] = [roll.width / LENGTH, roll.height / (SHOWN[1] - SHOWN[0])];
    pitches.forEach((pitch, voice) => {
      context.fillStyle = colours[voice];
      context.fillRect(index * step, (SHOWN[1] - 1 - pitch) * high, step, high);
    });
  };
  const halt = () => {
    running++;
    player?.stop();
    player = null;
    lead.textContent = state.value = "";
  };

  keyboard.addEventListener("click", (event) => {
    const pitch = Number(event.target.dataset.pitch);
    if (!pitch) return;
    halt();
    motif.push(pitch);
    tell();
    player = new Player();
    player.note(pitch, player.context.currentTime).end(player.context.currentTime + 0.4);
  });
  keyboard.addEventListener("keydown", (event) => {
    const beside = { ArrowLeft: "previousElementSibling", ArrowRight: "nextElementSibling" }[event.key];
    const key = beside && event.target[beside];
    if (!key) return;
    event.preventDefault();  // of scrolling
    key.focus();
  });
  clear.addEventListener("click", () => {
    halt();
    motif = [];
    tell();
    drawn();
  });
  stop.addEventListener("click", halt);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    halt();
    const mine = running;
    state.value = "composing";
    player = new Player();
    const context = drawn();
    const temperature = Number(form.elements.temperature.value);
    const step = still.matches ? BAR : 1; // 16ths that are drawn at once
    let [pitches, waiting, began] = [[], [], performance.now()];
    const template = templateOf(motif, LENGTH);
    for await (const [index, id] of fill(network, START, template, (logits) => sample(logits, temperature))) {
      if (mine !== running) return;
      pitches.push(id);
      if (pitches.length < VOICES) continue;
      const sixteenth = (index + 1) / VOICES - 1;
      player.chord(sixteenth, pitches);
      waiting.push([sixteenth, pitches]);
      pitches = [];
      if (waiting.length === step) {
        for (const each of waiting) draw(context, ...each);
        waiting = [];
        const ahead = (sixteenth + 1) * SECONDS - (performance.now() - began) / 1000;
        lead.textContent = `${Math.max(0, ahead).toFixed(1)} s ahead of the sound`;
      }
      await new Promise((resolve) => setTimeout(resolve));
    }
    player.finish(LENGTH);
    lead.textContent = "";
    state.value = "composed";
  });

  tell();
  form.elements.start.disabled = false;
};
