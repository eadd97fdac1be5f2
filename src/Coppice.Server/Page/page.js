"use strict";

// Texts go into the page as text and never as markup: what a model writes can't become a script.
const $ = id => document.getElementById(id);
const messages = [];
let abort = null;

function headers() {
  const key = $("key").value.trim();
  return key ? { "Content-Type": "application/json", Authorization: "Bearer " + key } : { "Content-Type": "application/json" };
}

function turn(kind, text) {
  const element = document.createElement("div");
  element.className = "turn " + kind;
  element.textContent = text;
  $("output").append(element);
  return element;
}

async function errorOf(response) {
  try {
    return (await response.json()).error.message;
  } catch {
    return "HTTP " + response.status;
  }
}

async function loadModels() {
  const response = await fetch("v1/models", { headers: headers() });
  if (!response.ok) {
    $("status").textContent = await errorOf(response);
    return;
  }
  const chosen = $("model").value;
  $("model").replaceChildren(...(await response.json()).data.map(model => new Option(model.id, model.id, false, model.id === chosen)));
  $("status").textContent = "";
}

// The objects of a stream of server-sent events.
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  while (true) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (held + value).split("\n\n");
    held = parts.pop();
    for (const part of parts) {
      const data = part.replace(/^data: /, "");
      if (data !== "[DONE]") yield JSON.parse(data);
    }
  }
}

async function generate() {
  const chat = $("mode").value === "chat";
  const prompt = $("prompt").value;
  const body = {
    model: $("model").value, stream: true, stream_options: { include_usage: true },
    max_tokens: Number($("tokens").value), temperature: Number($("temperature").value), top_p: Number($("top-p").value),
  };
  if ($("seed").value !== "") body.seed = Number($("seed").value);
  let answer;
  if (chat) {
    messages.push({ role: "user", content: prompt });
    body.messages = messages;
    turn("", prompt);
    $("prompt").value = "";
    answer = turn("answer", "");
  } else {
    body.prompt = prompt;
    answer = turn("answer", "");
    const begin = document.createElement("span");
    begin.className = "prompt";
    begin.textContent = prompt;
    answer.append(begin);
  }
  const written = document.createTextNode("");
  answer.append(written);
  const start = performance.now();
  const response = await fetch(chat ? "v1/chat/completions" : "v1/completions", { method: "POST", headers: headers(), body: JSON.stringify(body), signal: abort.signal });
  if (!response.ok) throw new Error(await errorOf(response));
  for await (const event of events(response)) {
    if (event.error) throw new Error(event.error.message);
    const choice = event.choices[0];
    if (choice) written.data += (chat ? choice.delta.content : choice.text) ?? "";
    if (event.usage) {
      const seconds = (performance.now() - start) / 1000;
      $("status").textContent = `${event.usage.completion_tokens} tokens in ${seconds.toFixed(1)} s`;
    }
  }
  if (chat) messages.push({ role: "assistant", content: written.data });
}

$("form").addEventListener("submit", async event => {
  event.preventDefault();
  if (abort) return;
  abort = new AbortController();
  $("send").disabled = true;
  $("stop").disabled = false;
  $("status").textContent = "";
  try {
    await generate();
  } catch (error) {
    if (error.name === "AbortError") $("status").textContent = "stopped";
    else turn("error", error.message);
  } finally {
    abort = null;
    $("send").disabled = false;
    $("stop").disabled = true;
  }
});

$("stop").addEventListener("click", () => abort?.abort());
$("clear").addEventListener("click", () => {
  messages.length = 0;
  $("output").replaceChildren();
  $("status").textContent = "";
});
$("key").addEventListener("change", loadModels);
loadModels();
