"""A process that ends while threads are inside a native call ends as any other: nothing aborts."""

from __future__ import annotations

import sys

import pytest
from running import run_program

pytestmark = pytest.mark.slow

CALLS = {
    "a list": "student(['Profit falls'])",
    "a list for threads": "student(['Profit falls'] * 200)",
    "a long text": "student('Profit falls ' * 2000)",
    "a check": "student('Profit falls after record earnings', check=True)",
    "checks of minutes": "student(['Profit falls after record earnings ' * 50] * 500, check=True)",
    "a kernel": "kernel(ids, offsets)",
}
# Ends while its daemon threads are busy, in the midst of a file that it leaves open.
PROGRAM = """
import sys, threading, time
from functools import partial
import dixtill

student = dixtill.load()
if "kernel" in sys.argv[1]:
    import numpy as np
    from dixtill.specification import kernels
    from tiny_students import random_model
    weights = random_model().parameters
    kernel = partial(kernels.forward, kernels.pack_parameters(weights), weights.embedding_q8)
    ids, offsets = np.zeros(1_000_000, np.int32), np.arange(0, 1_000_001, 10)

def work():
    while True:
        eval(sys.argv[1])

for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
sys.kept_open = open(sys.argv[2], "w")  # closed at the end; what the threads see never is
sys.kept_open.write("all of it")
time.sleep(float(sys.argv[3]))
print("end of the program")
"""


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_daemon_threads_in_a_native_call_do_not_abort_the_process(call, tmp_path):
    for wait in (0.1, 0.15):
        run = run_program(PROGRAM, call, tmp_path / "file", wait)
        assert (run.returncode, run.stdout, run.stderr) == (0, "end of the program\n", "")
        assert (tmp_path / "file").read_text() == "all of it"


# Calls sleep(exit status) of the C library once Python is gone: a second in which threads finish
# their calls and want the lock back.
LATE_PROGRAM = """
import ctypes, threading, time
import dixtill

libc = ctypes.CDLL(None)
libc.on_exit.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
libc.on_exit(ctypes.cast(libc.sleep, ctypes.c_void_p), None)
student = dixtill.load()
texts = ["Profit falls after record earnings " * 3] * 5000
calls = [
    lambda: student(texts), lambda: student(texts[:3], check=True), lambda: student(texts[0] * 500)
]

def work(call):
    while True:
        call()

for call in calls * 2:
    threading.Thread(target=work, args=(call,), daemon=True).start()
time.sleep(0.2)
raise SystemExit(1)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs on_exit of glibc")
def test_threads_that_return_after_python_is_gone_do_no_harm():
    for _ in range(3):
        run = run_program(LATE_PROGRAM)
        assert (run.returncode, run.stderr) == (1, "")


# A server of the standard library, whose threads are daemons, under load until Ctrl-C.
SERVER = """
import json, os, signal, threading, time
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import dixtill

student = dixtill.load()

class Answers(BaseHTTPRequestHandler):
    def do_POST(self):
        texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps([answer.to_dict() for answer in student(texts)]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
server.handle_error = lambda *_: None
num_answered = []

def ask():
    body = json.dumps(["Profit falls after record earnings"] * 100)
    while True:
        try:
            connection = HTTPConnection("127.0.0.1", server.server_port, timeout=10)
            connection.request("POST", "/", body)
            num_answered.append(len(json.loads(connection.getresponse().read())))
            connection.close()
        except (OSError, HTTPException):  # the server ended, before its answer or in it
            return

def press_ctrl_c():
    while len(num_answered) < 20:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)

for target in [ask] * 4 + [press_ctrl_c]:
    threading.Thread(target=target, daemon=True).start()
try:
    server.serve_forever()
except KeyboardInterrupt:
    print("stopped after", set(num_answered))
"""


def test_a_busy_server_ends_on_ctrl_c():
    for _ in range(3):
        run = run_program(SERVER)
        assert (run.returncode, run.stdout, run.stderr) == (0, "stopped after {100}\n", "")
