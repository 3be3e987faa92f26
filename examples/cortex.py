"""What both examples share: the login and an MQTT client of either major version of paho-mqtt."""

import json
import os

import paho.mqtt.client as mqtt

STATE_DIR = os.environ.get("CORTEX_STATE_DIR", ".cortex")
HOST = os.environ.get("CORTEX_MQTT_HOST", "127.0.0.1")
PORT = int(os.environ.get("CORTEX_MQTT_PORT", "1883"))
PREFIX = os.environ.get("CORTEX_TOPIC_PREFIX", "cortex")


def connect(account, topics, on_message):
    """A client logged in as `account` that calls on_message(topic below the prefix, payload) for each of `topics`."""
    with open(os.path.join(STATE_DIR, "credentials.json")) as file:
        login = json.load(file)[account]
    if account == "operator":  # The stack's own settings, where somebody has chosen the login.
        login["username"] = os.environ.get("CORTEX_MQTT_USERNAME") or login["username"]
        login["password"] = os.environ.get("CORTEX_MQTT_PASSWORD") or login["password"]
    try:
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION1)
    except AttributeError:  # paho-mqtt 1.x
        client = mqtt.Client()
    client.username_pw_set(login["username"], login["password"])

    def subscribe(client, *_):
        # On every connection, so that a restarted broker changes nothing.
        for topic in topics:
            client.subscribe(f"{PREFIX}/{topic}", qos=1)

    client.on_connect = subscribe
    client.on_message = lambda client, _, message: on_message(client, message.topic[len(PREFIX) + 1 :], message.payload)
    client.connect(HOST, PORT)
    return client


def publish(client, topic, payload, **options):
    client.publish(f"{PREFIX}/{topic}", json.dumps(payload), qos=1, **options)
