// The explorer page: GraphiQL, and a bar that says on whose behalf it asks. A credential lives in this file's memory
// alone, so that nothing of it is left behind on a shared machine; a session lives in a cookie that no script sees.
"use strict";

(() => {
  const config = JSON.parse(document.body.dataset.config);
  const place = document.getElementById("explorer");
  const person = document.getElementById("person");
  const field = document.getElementById("credential");
  const reveal = document.getElementById("reveal");
  const identity = document.getElementById("identity");
  const signIn = document.getElementById("sign-in");
  const signOut = document.getElementById("sign-out");
  const sessionOption = person.querySelector("option[value=session]");
  const demoOptions = [...person.options].filter((option) => "demo" in option.dataset);

  const WHO = "query Who { viewer { kind subject userId } }";
  const KINDS = { USER: "user", API_KEY: "API key", SERVICE: "Husqy itself" };
  const NOBODY = "Nobody: no credential is sent";
  const ENDED = "Nobody: your session has ended, sign in again";
  const state = {
    sender: {}, // who asks next, as explorer_requests.js takes it
    editorHeaders: new Headers(), // what the headers editor adds
    signedIn: document.body.dataset.signedIn === "yes",
    sessionUser: null,
    nobody: NOBODY, // what is said while nothing is sent
    answer: null, // who the sender is: a viewer, or why there is none
    question: 0,
    schemaLoaded: false,
  };

  const requests = explorerRequests.createRequests(config.endpoint, (status, request) => {
    if (status === 401 && request.credentials === "same-origin") {
      forgetSession(ENDED);
    }
  });

  function show(text, mood = "") {
    identity.textContent = text;
    identity.className = `identity ${mood}`;
  }

  function showIdentity() {
    const own = explorerRequests.ownCredential(state.editorHeaders);
    const acting = state.editorHeaders.get("x-husqy-acting-user");
    if (own) {
      // Not looked up: it is half written most of the time.
      show(`Whoever the headers editor's ${own} stands for`);
    } else if (!state.sender.session && !state.sender.credential) {
      show(state.nobody);
    } else if (!state.answer) {
      show("Asking who that is ...");
    } else if (state.answer.viewer) {
      show(nameOf(state.answer.viewer) + (acting ? `, acting for ${acting}` : ""), "good");
    } else {
      show(state.answer.refusal, "bad");
    }
  }

  function nameOf(viewer) {
    return [KINDS[viewer.kind] ?? viewer.kind, viewer.userId ?? ""].join(" ").trim();
  }

  async function askIdentity() {
    state.question += 1;
    const question = state.question;
    state.answer = null;
    showIdentity();
    if (!state.sender.session && !state.sender.credential) {
      return;
    }
    const { data, errors } = await requests.run(state.sender, { query: WHO });
    // Somebody else may have been chosen while this one was asked about.
    if (question === state.question) {
      const refusal = errors?.[0]?.message ?? "The server does not say who that is.";
      state.answer = { viewer: data?.viewer, refusal };
      showIdentity();
    }
  }

  // Takes what the bar says as the sender of everything from now on; `nobody` words that nothing is sent.
  function useChoice(nobody = NOBODY) {
    const session = person.value === "session";
    state.sender = session ? { session } : { credential: field.value.trim() };
    state.nobody = nobody;
    askIdentity();
    if (!state.schemaLoaded) {
      render();
    }
  }

  function editorHeadersChanged(text) {
    try {
      state.editorHeaders = new Headers(JSON.parse(text || "{}"));
    } catch {
      state.editorHeaders = new Headers(); // GraphiQL runs nothing before they are right
    }
    showIdentity();
  }

  function showSession() {
    if (!sessionOption) {
      return;
    }
    sessionOption.hidden = sessionOption.disabled = !state.signedIn;
    sessionOption.textContent = state.sessionUser ? `Signed in (${state.sessionUser})` : "Signed in";
    signIn.hidden = state.signedIn;
    signOut.hidden = !state.signedIn;
  }

  // All tabs share the cookie, so another one may have signed out, or signed in as somebody else.
  async function checkSession() {
    try {
      const response = await fetch("/auth/session", { credentials: "same-origin", cache: "no-store" });
      if (response.ok) {
        const { user } = await response.json();
        const changed = state.sessionUser && state.sessionUser !== user.id;
        state.sessionUser = user.id;
        showSession();
        if (changed && state.sender.session) {
          askIdentity();
        }
      } else if (response.status === 401) {
        forgetSession(ENDED);
      }
    } catch {
      // The next request says that the server is gone.
    }
  }

  function forgetSession(nobody) {
    state.signedIn = false;
    state.sessionUser = null;
    if (person.value === "session") {
      person.value = "nobody";
      useChoice(nobody);
    }
    showSession();
  }

  async function endSession() {
    signOut.disabled = true;
    let ended = false;
    try {
      ended = (await fetch("/auth/logout", { method: "POST", credentials: "same-origin" })).ok;
    } catch {
      // Said below.
    }
    signOut.disabled = false;
    if (!ended) {
      show("The server did not sign you out: you are still signed in.", "bad");
      return;
    }
    forgetSession("Nobody: you are signed out");
    signIn.focus();
  }

  // GraphiQL keeps tabs and history in localStorage; its history would keep the headers editor's credentials too.
  function storageWithoutHeaders() {
    let storage;
    try {
      storage = window.localStorage;
    } catch {
      return null;
    }
    return new Proxy(storage, {
      get(target, key) {
        if (key === "setItem") {
          return (name, value) => target.setItem(name, withoutHeaders(value));
        }
        const value = target[key];
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  function withoutHeaders(value) {
    if (!value.includes('"headers"')) {
      return value;
    }
    try {
      return JSON.stringify(JSON.parse(value, (key, inner) => (key === "headers" ? null : inner)));
    } catch {
      return value;
    }
  }

  function fail(text) {
    const line = document.createElement("p");
    line.className = "waiting bad";
    line.setAttribute("role", "alert");
    line.textContent = text;
    place.replaceChildren(line);
  }

  let root;
  let properties;

  function start() {
    const { React, ReactDOM, GraphiQL, GraphiQLPluginExplorer } = window;
    if (!React || !ReactDOM || !GraphiQL || !GraphiQLPluginExplorer) {
      fail("GraphiQL could not be loaded. Run `husqy-graphql explorer install` on the server, then start it again.");
      return;
    }
    // GraphiQL's dialogs put a style element into the page; this is how they learn the policy's nonce.
    window.__webpack_nonce__ = document.querySelector("link[nonce]").nonce;
    properties = {
      defaultTabs: config.tabs,
      plugins: [GraphiQLPluginExplorer.explorerPlugin({ showAttribution: false })],
      shouldPersistHeaders: false,
      storage: storageWithoutHeaders(),
      defaultEditorToolsVisibility: "variables",
      onEditHeaders: editorHeadersChanged,
      onSchemaChange: () => { state.schemaLoaded = true; },
    };
    root = ReactDOM.createRoot(place);
    render();
  }

  function render() {
    // A new function makes GraphiQL ask for the schema again.
    const fetcher = (parameters, options) => requests.run(state.sender, parameters, options?.headers);
    root?.render(window.React.createElement(window.GraphiQL, { ...properties, fetcher }));
  }

  field.addEventListener("change", () => {
    const credential = field.value.trim();
    const none = state.signedIn ? "session" : "nobody";
    const known = demoOptions.some((option) => option.value === credential);
    person.value = known ? credential : credential ? "other" : none;
    useChoice();
  });

  person.addEventListener("change", () => {
    field.value = demoOptions.includes(person.selectedOptions[0]) ? person.value : "";
    useChoice();
    if (person.value === "other") {
      field.focus();
    }
  });

  signOut?.addEventListener("click", endSession);

  window.addEventListener("focus", () => {
    if (state.signedIn) {
      checkSession();
    }
  });

  reveal.addEventListener("click", () => {
    const hidden = field.type === "password";
    field.type = hidden ? "text" : "password";
    reveal.textContent = hidden ? "Hide" : "Show";
    reveal.setAttribute("aria-pressed", String(hidden));
  });

  // The editors take the Tab key, so Escape is the way out for the keyboard, once it has nothing else to close.
  place.addEventListener("keydown", (event) => {
    const editor = event.target.closest?.(".CodeMirror")?.CodeMirror;
    if (event.key !== "Escape" || editor?.getInputField() !== event.target) {
      return;
    }
    if (!editor.state.completionActive && editor.listSelections().length === 1) {
      event.stopPropagation(); // the editor would take the focus back
      place.querySelector(".graphiql-execute-button")?.focus();
    }
  }, true);

  showSession();
  person.value = state.signedIn ? "session" : demoOptions[0]?.value ?? "nobody";
  field.value = state.signedIn ? "" : demoOptions[0]?.value ?? "";
  start();
  useChoice();
  if (state.signedIn) {
    checkSession();
  }
})();
