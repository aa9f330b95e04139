"""The program ends at once, with nothing lost."""

import subprocess
import sys

PROGRAM = """
import atexit, sys, threading, time
from nnanim.cli import leave

def late():
    time.sleep(0.2)
    print("thread")

class Slow:
    def __del__(self):
        print("taken apart")

kept = Slow()
atexit.register(print, "at exit")
threading.Thread(target=late).start()
sys.stdout.write("unflushed ")
sys.stderr.write("complaint")
leave(3)
"""


def test_threads_exit_handlers_and_output_are_waited_for():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert (done.returncode, done.stdout.split(), done.stderr) == (3, ["unflushed", "thread", "at", "exit"], "complaint")


def test_a_closed_pipe_is_met_in_silence():
    program = "import sys; from nnanim.cli import main; sys.argv = ['nnanim', 'list']; main()"
    done = subprocess.run(
        ["bash", "-c", f'{sys.executable} -c "{program}" | true'], capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("", "")
