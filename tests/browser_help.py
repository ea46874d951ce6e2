"""A real headless Chromium with frames, mouse and keyboard, over the pipe of the DevTools protocol.

Browser     one Chromium; open(file) gives a Tab. A context manager
Tab         run(script): what the body of an async function returns; mouse(…), click(…), drag(…), key(…) as a hand does;
            errors, requests: what went wrong, and every address that was asked for
"""

from __future__ import annotations

import json
import os
from fcntl import F_DUPFD_CLOEXEC, fcntl
from signal import SIGKILL

from player_help import CHROMIUM

READS_AND_WRITES = 3, 4  # the pipe as Chromium knows it
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
OPTIONS += ["--remote-debugging-pipe"]
CODES = {" ": 32, "ArrowLeft": 37, "ArrowRight": 39, "End": 35, "Home": 36, "Escape": 27, "Enter": 13, "Delete": 46}
CODES["Tab"] = 9


class Browser:
    def __init__(self, folder):
        assert CHROMIUM is not None, "Chromium is not installed"
        theirs, ours, replies, answers = *os.pipe(), *os.pipe()
        high = [fcntl(end, F_DUPFD_CLOEXEC, 10) for end in (theirs, answers)]
        actions = [(os.POSIX_SPAWN_DUP2, end, wanted) for end, wanted in zip(high, READS_AND_WRITES)]
        actions += [(os.POSIX_SPAWN_OPEN, end, os.devnull, os.O_WRONLY, 0) for end in (1, 2)]
        arguments = [CHROMIUM, *OPTIONS, f"--user-data-dir={folder / 'profile'}", "about:blank"]
        self.process = os.posix_spawn(CHROMIUM, arguments, os.environ, file_actions=actions)
        for end in (theirs, answers, *high):
            os.close(end)
        self.out, self.back, self.count, self.rest, self.tabs = ours, replies, 0, b"", {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(self.process, SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.out), os.close(self.back)

    def send(self, method, session=None, **params):
        """The result of a command; events on the way go to their tabs."""
        self.count += 1
        wanted = {"id": self.count, "method": method, "params": params} | ({"sessionId": session} if session else {})
        os.write(self.out, json.dumps(wanted).encode() + b"\0")
        while True:
            message = self.receive()
            if message.get("id") == self.count:
                assert "error" not in message, (method, message["error"])
                return message["result"]
            if "method" in message and message.get("sessionId") in self.tabs:
                self.tabs[message["sessionId"]].note(message["method"], message["params"])

    def receive(self):
        while b"\0" not in self.rest:
            read = os.read(self.back, 1 << 16)
            assert read, "Chromium has ended"
            self.rest += read
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def open(self, file, width=1280, height=900, dark=False):
        """A tab of that size with a page."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = self.tabs[session] = Tab(self, session)
        for domain in ("Page", "Runtime", "Network"):
            tab.send(f"{domain}.enable")
        tab.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        tab.send("Emulation.setEmulatedMedia", features=[scheme])
        tab.send("Page.navigate", url=file.as_uri())
        tab.run("while (document.readyState !== 'complete') await new Promise(next => setTimeout(next, 10));")
        return tab


class Tab:
    def __init__(self, browser, session):
        self.browser, self.session, self.errors, self.requests = (browser, session, [], [])

    def note(self, event, params):
        if event == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        if event == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])

    def send(self, method, **params):
        return self.browser.send(method, self.session, **params)

    def run(self, script):
        text = f"(async () => {{{script}}})()"
        found = self.send("Runtime.evaluate", expression=text, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def mouse(self, kind, x, y, **more):
        self.send("Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, **more)

    def click(self, x, y, button="left"):
        self.mouse("Moved", x, y)
        self.mouse("Pressed", x, y, button=button, clickCount=1)
        self.mouse("Released", x, y, button=button, clickCount=1)

    def drag(self, x, y, to_x, to_y):
        self.mouse("Moved", x, y)
        self.mouse("Pressed", x, y, button="left", buttons=1, clickCount=1)
        for share in (0.3, 0.7, 1.0):
            self.mouse("Moved", x + share * (to_x - x), y + share * (to_y - y), button="left", buttons=1)
        self.mouse("Released", to_x, to_y, button="left", clickCount=1)

    def key(self, key):
        code = CODES.get(key, ord(key[0].upper()))
        text = {"text": "\r" if key == "Enter" else key} if len(key) == 1 or key == "Enter" else {}
        for kind, typed in (("keyDown", text), ("keyUp", {})):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **typed)
