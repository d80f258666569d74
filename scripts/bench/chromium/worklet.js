// The ear: hands on what it hears in pieces, and says how the sound's clock and the wall's compare.

const PIECE = 4800; // samples: a tenth of a second

class Ear extends AudioWorkletProcessor {
  constructor() {
    super();
    this.piece = new Int16Array(PIECE);
    this.filled = 0;
    this.start = 0;
  }

  process([[samples]]) {
    // Blocks are rendered late, never early: the least difference is the truth.
    const offset = Date.now() / 1000 - currentFrame / sampleRate;
    this.least = Math.min(this.least ?? Infinity, offset);
    if (this.filled === 0) this.start = currentFrame;
    for (let n = 0; n < 128; n += 1) {
      const value = samples === undefined ? 0 : samples[n]; // no track yet: silence
      this.piece[this.filled] = Math.max(-32768, Math.min(32767, Math.round(value * 32768)));
      this.filled += 1;
      if (this.filled === PIECE) this.handOn(n + 1);
    }
    return true;
  }

  handOn(next) {
    this.port.postMessage({ start: this.start, pcm: this.piece, offset: this.least });
    this.piece = new Int16Array(PIECE);
    this.filled = 0;
    this.start = currentFrame + next;
  }
}

registerProcessor("ear", Ear);
