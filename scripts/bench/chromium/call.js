// One end of a measured call: speech goes out over and over, what is heard is kept sample by sample.
// ends_chromium.py calls the methods of `phone`.

const CHUNK = 0x8000; // bytes: what fits into the arguments of a function

const audio = new AudioContext({ sampleRate: 48000, latencyHint: "interactive" });
const peer = new RTCPeerConnection({ iceServers: [] });
const player = new Audio();
let ear = null;
let spokenFrom = 0; // the frame of the context's clock at which the speech began
let offset = Infinity; // wall clock less the context's clock, in seconds
let pieces = [];

function connected() {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (peer.connectionState === "connected") resolve();
      if (peer.connectionState === "failed") reject(new Error("the connection has failed"));
    };
    peer.addEventListener("connectionstatechange", look);
    look();
  });
}

function gathered() {
  return new Promise((resolve) => {
    const look = () => peer.iceGatheringState === "complete" && resolve();
    peer.addEventListener("icegatheringstatechange", look);
    look();
  });
}

async function speak(url) {
  const speech = await audio.decodeAudioData(await (await fetch(url)).arrayBuffer());
  const voice = new AudioBufferSourceNode(audio, { buffer: speech, loop: true });
  const way = new MediaStreamAudioDestinationNode(audio, { channelCount: 1 });
  voice.connect(way);
  spokenFrom = Math.ceil((audio.currentTime + 0.2) * audio.sampleRate);
  voice.start(spokenFrom / audio.sampleRate);
  peer.addTrack(way.stream.getAudioTracks()[0], way.stream);
}

async function listen() {
  await audio.audioWorklet.addModule("worklet.js");
  ear = new AudioWorkletNode(audio, "ear", { channelCount: 1, channelCountMode: "explicit" });
  ear.connect(audio.destination); // it is silent: only what is connected runs
  ear.port.onmessage = ({ data }) => {
    offset = Math.min(offset, data.offset);
    pieces.push(data);
  };
  peer.addEventListener("track", ({ track }) => {
    const stream = new MediaStream([track]);
    player.muted = true;
    player.srcObject = stream; // a remote track is silent for WebAudio unless it is played
    player.play();
    new MediaStreamAudioSourceNode(audio, { mediaStream: stream }).connect(ear);
  });
}

function base64(bytes) {
  let text = "";
  for (let from = 0; from < bytes.length; from += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(from, from + CHUNK));
  }
  return btoa(text);
}

window.phone = {
  /** Get ready to say what is at `url`. */
  async start(url) {
    await audio.resume();
    await listen();
    await speak(url);
  },

  async offer() {
    await peer.setLocalDescription(await peer.createOffer());
    await gathered();
    return peer.localDescription.sdp;
  },

  async answer(sdp) {
    await peer.setRemoteDescription({ type: "offer", sdp });
    await peer.setLocalDescription(await peer.createAnswer());
    await gathered();
    return peer.localDescription.sdp;
  },

  async accept(sdp) {
    await peer.setRemoteDescription({ type: "answer", sdp });
  },

  connected,

  forget() {
    pieces = [];
  },

  /** What was heard: when it began, by the wall's clock, and how many pieces there are. */
  heard() {
    const begin = pieces.length === 0 ? 0 : pieces[0].start / audio.sampleRate + offset;
    return {
      begin,
      pieces: pieces.length,
      spokenFrom: spokenFrom / audio.sampleRate + offset,
    };
  },

  /** Samples of so many pieces, as base64 of 16-bit numbers. */
  samples(from, count) {
    const some = pieces.slice(from, from + count);
    const bytes = new Uint8Array(some.length * 9600);
    some.forEach(({ pcm }, n) => bytes.set(new Uint8Array(pcm.buffer), n * 9600));
    return base64(bytes);
  },
};

window.report(JSON.stringify({ event: "ready" }));
