"""A layer that offers the model a function: where the wearer is. Ask: "Where am I?" """

import json
import signal

from cortex import PREFIX, connect, publish

NAME = "get_position"
DECLARATION = {
    "name": NAME,
    "description": "Where the wearer is now: street and nearest house number.",
    "parameters": {"type": "object", "properties": {}},
}


def on_message(client, topic, payload):
    call = json.loads(payload)
    print("called with", call["args"], flush=True)
    publish(client, f"tools/{NAME}/result", {"id": call["id"], "result": {"street": "Harbour Road", "number": 12}})


if __name__ == "__main__":
    client = connect("operator", [f"tools/{NAME}/call"], on_message)
    publish(client, f"tools/{NAME}/declare", DECLARATION, retain=True)
    print("offering", NAME, "- stop with Ctrl-C", flush=True)
    client.loop_start()
    try:
        signal.pause()
    except KeyboardInterrupt:
        # An empty retained payload withdraws the offer. The client's own thread must still run to send it.
        client.publish(f"{PREFIX}/tools/{NAME}/declare", b"", qos=1, retain=True).wait_for_publish()
