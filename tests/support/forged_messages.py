"""Code that sends Jupyter messages in its kernel's name, for tests that run it there."""

FORGE = """
kernel = get_ipython().kernel
parent = kernel.get_parent()
iopub, session = kernel.iopub_socket, kernel.session

def say(kind, content, session=session, parent=parent):
    "Send a message of the output channel."
    session.send(iopub, kind, content, parent=parent, ident=kernel._topic(kind))

def reply(content, parent=parent):
    "Answer the request whose code runs, by the shell channel."
    session.send(kernel.shell_stream.socket, 'execute_reply', content, parent=parent,
                 ident=kernel._parent_ident['shell'])

def say_json(kind, content):
    "Send a message whose content is JSON text already."
    from jupyter_client.session import DELIM
    header = session.msg_header(kind)
    parts = [session.pack(header), session.pack(parent['header']), b'{}', content]
    iopub.io_thread.schedule(lambda: iopub.io_thread._really_send(
        [b'x', DELIM, session.sign(parts), *parts]))
"""
IDLE = "say('status', {'execution_state': 'idle'})\n"
REPLY = "reply({'status': 'ok', 'execution_count': 99, 'user_expressions': {}, 'payload': []})\n"
