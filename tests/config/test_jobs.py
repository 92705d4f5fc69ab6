"""The schedule names real tasks, and a task goes through a real broker to a real worker."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.core.cache import cache

from common import jobs
from config.environment import celery_broker
from config.schedule import SCHEDULE
from tests.waiting import wait_until

BASE_DIR = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", SCHEDULE)
def test_a_scheduled_task_exists(name):
    current_app.loader.import_default_modules()
    assert SCHEDULE[name]["task"] in current_app.tasks


def test_a_task_ends_before_the_broker_hands_it_out_again():
    limit = current_app.conf.broker_transport_options["visibility_timeout"]
    assert current_app.conf.task_soft_time_limit < current_app.conf.task_time_limit < limit


@pytest.mark.parametrize("number", range(4))  # enough for each of the processes side by side to get one
def test_a_test_process_keeps_to_its_own_valkey_database(number):
    """Else one process empties the broker and the cache under the other."""
    own = os.environ["REDIS_URL"]
    cache.set("whose", own)
    with redis.from_url(own) as client:
        assert client.keys("*whose")
    assert own == settings.REDIS_URL
    assert current_app.conf.broker_url == celery_broker(own)


def test_a_worker_takes_a_task_from_the_socket(tmp_path):
    log = tmp_path / "worker.log"
    command = [sys.executable, "-m", "celery", "--quiet", "--app", "config", "worker"]
    command += ["--pool", "solo", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    broker = redis.from_url(settings.REDIS_URL)
    with log.open("w") as output:
        worker = subprocess.Popen(command, cwd=BASE_DIR, env=os.environ, stdout=output, stderr=output)
    try:
        # Before a worker has bound its queue, the broker has nowhere to put a task.
        wait_until(lambda: broker.exists("_kombu.binding.celery") or worker.poll() is not None, seconds=90)
        assert worker.poll() is None, log.read_text()
        jobs.heartbeat.delay()
        wait_until(jobs.last_beat)
    finally:
        worker.terminate()
        worker.wait(timeout=20)
        broker.close()
