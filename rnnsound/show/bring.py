"""Ways to bring a recording into a notebook: a file that is chosen, or the browser's microphone.

Notebook: 09_your_own_sound.
"""

import tempfile
from pathlib import Path

import ipywidgets
from IPython.display import HTML

from rnnsound.dsp.sound import Sound

_MOST_SECONDS = 60
_RECORDER = """<div class="rnnsound-recorder">
<button type="button" disabled>Record</button> <button type="button" disabled>Stop</button>
<span role="status">Here a microphone can be used in JupyterLab, once the cell has been run.</span>
<div></div>
</div>
<script>
(() => {
  const boxes = document.querySelectorAll(".rnnsound-recorder:not([data-ready])");
  for (const box of boxes) {
    box.dataset.ready = "yes";
    const [record, stop] = box.querySelectorAll("button");
    const [status, place] = [box.querySelector("span"), box.querySelector("div")];
    const say = (text) => { status.textContent = text; };
    if (!(navigator.mediaDevices && navigator.mediaDevices.getUserMedia && window.MediaRecorder)) {
      say("This browser does not let this page use the microphone: record with your phone or another " +
          "program, and choose the file above.");
      continue;
    }
    record.disabled = false;
    say("Nothing leaves this computer; recording stops by itself after SECONDS s.");
    const wav = (samples, rate) => {
      const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
      const text = (at, word) => [...word].forEach((c, n) => view.setUint8(at + n, c.charCodeAt(0)));
      text(0, "RIFF"); view.setUint32(4, 36 + 2 * samples.length, true); text(8, "WAVEfmt ");
      view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
      view.setUint32(24, rate, true); view.setUint32(28, 2 * rate, true);
      view.setUint16(32, 2, true); view.setUint16(34, 16, true);
      text(36, "data"); view.setUint32(40, 2 * samples.length, true);
      samples.forEach((x, n) =>
        view.setInt16(44 + 2 * n, Math.round(32767 * Math.max(-1, Math.min(1, x))), true));
      return new Blob([view.buffer], { type: "audio/wav" });
    };
    const offer = (blob) => {
      const [player, link] = [document.createElement("audio"), document.createElement("a")];
      player.controls = true;
      player.src = link.href = URL.createObjectURL(blob);
      link.download = "my_recording.wav";
      link.textContent = "Save my_recording.wav";
      place.replaceChildren(player, document.createElement("br"), link);
      say("Listen; if it is good, save it, and choose the file above.");
    };
    record.onclick = async () => {
      let stream, timer;
      record.disabled = true;
      const fail = (error) => {
        record.disabled = false; stop.disabled = true;
        say("The microphone cannot be used (" + error.message + "): choose a file above instead.");
      };
      try {
        stream = await navigator.mediaDevices.getUserMedia({ audio: {
          echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
        const [recorder, parts] = [new MediaRecorder(stream), []];
        recorder.ondataavailable = (event) => parts.push(event.data);
        recorder.onstop = async () => {
          clearTimeout(timer);
          stream.getTracks().forEach((track) => track.stop());
          stop.disabled = true; record.disabled = false;
          const context = new AudioContext();
          try {
            const heard = await context.decodeAudioData(await new Blob(parts).arrayBuffer());
            offer(wav(heard.getChannelData(0), heard.sampleRate));
          } catch (error) { fail(error); } finally { context.close(); }
        };
        recorder.start();
        timer = setTimeout(() => recorder.state === "recording" && recorder.stop(), SECONDS * 1000);
        stop.disabled = false;
        stop.onclick = () => recorder.state === "recording" && recorder.stop();
        say("Recording: one note, then a second of quiet, then Stop.");
      } catch (error) {
        if (stream) stream.getTracks().forEach((track) => track.stop());
        fail(error);
      }
    };
  }
})();
</script>""".replace("SECONDS", str(_MOST_SECONDS))


def choose_file() -> ipywidgets.FileUpload:
    """Show a button that brings a sound file from this computer; read_file reads it.

    Notebook: 09_your_own_sound.
    """
    accept = ".wav,.flac,.ogg,.mp3,.aif,.aiff,.caf,.opus"
    return ipywidgets.FileUpload(accept=accept, multiple=False, description="Choose a file")


def read_file(chosen: ipywidgets.FileUpload) -> Sound | None:
    """Read the sound file that was chosen; None if there is none.

    Args:
        chosen: as choose_file gives it.

    Raises:
        ValueError: the file holds no sound, or it cannot be read.

    Notebook: 09_your_own_sound.
    """
    if not chosen.value:
        return None
    file = chosen.value[0]
    name = Path(file["name"].replace("\\", "/")).name or "recording"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"brought{Path(name).suffix[:10]}"
        path.write_bytes(bytes(file["content"]))
        try:
            sound = Sound.read(path)
        except (OSError, ValueError) as error:
            raise ValueError(str(error).replace(str(path), name).replace(path.name, name)) from error
    return Sound(sound.samples, sound.sample_rate, name)


def recorder() -> HTML:
    """Show buttons that record with the browser's microphone and offer the take as a WAV file.

    Everything happens in the browser: no other host is asked, and the take reaches the notebook only when its
    file is chosen. Where the browser has no microphone or forbids it, a sentence says so.

    Notebook: 09_your_own_sound.
    """
    return HTML(_RECORDER)
