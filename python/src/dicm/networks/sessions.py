"""Networks ready to run: one onnxruntime session for a graph and a process."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BackendError, ModelError
from ..model.load import Model
from .graphs import Graph, find_graphs

Maps = dict[str, NDArray[np.float32]]
"""Arrays by the name of the input or output they stand for: [height][width][channels], or [values]."""

DEFAULT_PROVIDERS = ("CPUExecutionProvider",)
"""onnxruntime's execution providers where the caller names none."""


class Networks:
    """The networks of a model. Each is opened when it is first run, once a process; threads may share them."""

    def __init__(self, model: Model, providers: Sequence[str], threads: int | None) -> None:
        """Opens nothing yet.

        Args:
            model: Whose graphs are looked for.
            providers: onnxruntime's execution providers, first choice first.
            threads: CPU threads of one network; onnxruntime's own choice unless given.
        """
        self._model = model
        self._providers = list(providers)
        self._threads = threads
        self._reset()

    def _reset(self) -> None:
        self._graphs: dict[str, Graph] | None = None
        self._sessions: dict[str, Any] = {}
        self._lock = threading.Lock()
        # Last: whoever sees it finds the lock renewed.
        self._pid = os.getpid()

    def __getstate__(self) -> dict[str, object]:
        return {key: self.__dict__[key] for key in ("_model", "_providers", "_threads")}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._reset()

    def run(self, network: str, inputs: Mapping[str, NDArray[np.float32]], outputs: Sequence[str]) -> Maps:
        """Runs a network once.

        Args:
            network: ``features``, ``tail``, ``heads`` or ``picture``.
            inputs: Images [height][width][channels].
            outputs: Names of those that are wanted.

        Raises:
            ModelError: ``model-missing`` where the model has no such graph, ``model-damaged``.
            BackendError: ``no-backend`` without onnxruntime, ``backend-failed``.
        """
        session = self._session(network)
        feeds = {name: np.ascontiguousarray(value[np.newaxis]) for name, value in inputs.items()}
        try:
            results = session.run(list(outputs), feeds)
        except Exception as cause:
            raise BackendError("backend-failed", f"onnxruntime failed: {_first_line(cause)}") from cause
        return {name: value[0] for name, value in zip(outputs, results, strict=True)}

    def _session(self, network: str) -> Any:
        # A forked child has neither the threads of a session nor those that would give a lock back.
        if self._pid != os.getpid():
            self._reset()
        with self._lock:
            session = self._sessions.get(network)
            if session is None:
                session = self._sessions[network] = self._open(network)
            return session

    def _open(self, network: str) -> Any:
        try:
            import onnxruntime
        except ImportError as cause:
            message = f"onnxruntime runs the networks, and is not here ({cause}): pip install 'dicm[onnx]'"
            raise BackendError("no-backend", message) from cause
        if self._graphs is None:
            self._graphs = find_graphs(self._model)
        graph = self._graphs.get(network)
        if graph is None:
            name = self._model.manifest.name
            message = f"the graphs of model {name} have no {network}.onnx; export them again"
            raise ModelError("model-missing", message)
        missing = [name for name in self._providers if name not in onnxruntime.get_available_providers()]
        if missing:
            message = f"onnxruntime has no execution provider {', '.join(missing)} here"
            raise BackendError("no-backend", f"{message}; it has {', '.join(onnxruntime.get_available_providers())}")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # Left spinning after a run, the threads of a session take the cores from the next one.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        if self._threads is not None:
            options.intra_op_num_threads = self._threads
        data = graph.read()
        try:
            return onnxruntime.InferenceSession(data, options, providers=self._providers)
        except Exception as cause:
            raise BackendError("backend-failed", f"onnxruntime refused the network: {_first_line(cause)}") from cause


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0]
