// The voice and the ear of the telephone in the browser.

const SOFT = -55; // dBFS: what is softer in one band is no part of a digit
const DIGITS = ["123A", "456B", "789C", "*0#D"];
const ROWS = [697, 770, 852, 941]; // Hz
const COLUMNS = [1209, 1336, 1477, 1633]; // Hz
const NEAR = 18; // Hz: how far a tone may be off

/** A tone that sounds like speech to a browser. */
export class Voice {
  constructor(audio, hz) {
    const tone = new OscillatorNode(audio, { frequency: hz });
    const volume = new GainNode(audio, { gain: 0.3 });
    this.output = new MediaStreamAudioDestinationNode(audio, { channelCount: 1 });
    tone.connect(volume).connect(this.output);
    this.tone = volume;
    // Syllables, five a second: Chromium takes a steady tone for noise, and stops sending it where
    // the far end knows comfort noise (RFC 3389).
    const syllables = new OscillatorNode(audio, { frequency: 5 });
    syllables.connect(new GainNode(audio, { gain: 0.2 })).connect(volume.gain);
    syllables.start();
    tone.start();
  }

  /** Say nothing. */
  hush() {
    this.tone.disconnect();
  }

  /** Say what an `Ear` hears instead of the tone. */
  say(ear) {
    this.hush();
    ear.output.connect(this.output);
  }

  /** A stream of its own for one call: SIP.js stops its tracks at the end. */
  stream() {
    return new MediaStream(this.output.stream.getAudioTracks().map((track) => track.clone()));
  }
}

/** Measures what comes in. `onDigit` is told of DTMF tones: Chromium plays telephone-events. */
export class Ear {
  constructor(audio, onDigit) {
    this.audio = audio;
    this.onDigit = onDigit;
    this.player = new Audio();
    this.player.muted = true;
    this.fine = new AnalyserNode(audio, { fftSize: 8192, smoothingTimeConstant: 0 });
    this.fast = new AnalyserNode(audio, { fftSize: 2048, smoothingTimeConstant: 0 });
    this.output = new GainNode(audio);
    this.last = null;
    this.told = null;
    this.run = 0;
    setInterval(() => this.lookForDigit(), 15);
  }

  listen(track) {
    const stream = new MediaStream([track]);
    this.player.srcObject = stream; // a remote track is silent for WebAudio unless it is played
    this.player.play();
    this.source?.disconnect();
    this.source = new MediaStreamAudioSourceNode(this.audio, { mediaStream: stream });
    this.source.connect(this.fine);
    this.source.connect(this.fast);
    this.source.connect(this.output);
  }

  hear() {
    const samples = new Float32Array(this.fine.fftSize);
    this.fine.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    return {
      hz: this.strongest(this.fine, 50, 4000).hz,
      dbfs: Math.max(-120, 10 * Math.log10(power + 1e-12)),
    };
  }

  /** The strongest frequency between two, in Hz, and its level. */
  strongest(analyser, from, to) {
    const levels = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(levels);
    const width = this.audio.sampleRate / analyser.fftSize;
    let peak = Math.ceil(from / width);
    for (let bin = peak; bin < to / width; bin += 1) if (levels[bin] > levels[peak]) peak = bin;
    // A parabola through the peak and its neighbours finds what lies between the bins.
    const [left, middle, right] = levels.subarray(peak - 1, peak + 2);
    const bend = left - 2 * middle + right;
    const offset = bend < 0 ? (left - right) / (2 * bend) : 0;
    return { hz: (peak + offset) * width, dbfs: middle };
  }

  /** A digit counts when it is heard twice running, and once until it is not for four times. */
  lookForDigit() {
    const row = nearest(ROWS, this.strongest(this.fast, 600, 1050));
    const column = nearest(COLUMNS, this.strongest(this.fast, 1120, 1750));
    const digit = row < 0 || column < 0 ? null : DIGITS[row][column];
    this.run = digit === this.last ? this.run + 1 : 1;
    this.last = digit;
    if (digit === null && this.run === 4) this.told = null;
    if (digit !== null && this.run === 2 && digit !== this.told) {
      this.told = digit;
      this.onDigit(digit);
    }
  }
}

function nearest(frequencies, { hz, dbfs }) {
  return dbfs < SOFT ? -1 : frequencies.findIndex((each) => Math.abs(each - hz) < NEAR);
}
