"""Loaded models, one per name, shared by all jobs."""

import threading
from collections import OrderedDict

from semvid import mllm as mllms
from semvid.errors import InvalidInput
from semvid.mllm.judge import Judge
from semvid.mllm.language_model import LanguageModel
from semvid.mllm.meter import Meter
from semvid.mllm.prompts import load_prompts
from semvid.mllm.settings import MllmSettings
from semvid.options import Scoring


class MllmLibrary:
    """Opens models for jobs; each is loaded once and kept, the one unused longest makes place.

    Raises:
        InvalidInput: the prompt file of the settings will not do.
    """

    def __init__(self, settings: MllmSettings) -> None:
        self._settings = settings
        self._prompts = load_prompts(settings.mllm_prompts)
        self._lock = threading.Lock()
        self._loading: dict[str, threading.Lock] = {}
        self._loaded: OrderedDict[str, LanguageModel] = OrderedDict()

    def check(self, name: str, scoring: Scoring | None = None) -> None:
        """Refuses what cannot work, as far as that shows without loading weights. May ask a model hub.

        Raises:
            InvalidInput: no such model, or not one of this kind; names the remedy.
            MissingComponent: a package or a GPU is missing; names the command.
        """
        mllms.check(name)
        prefix, _, argument = name.partition(":")
        if prefix == mllms.EMBEDDED:
            if scoring is not None:
                raise InvalidInput(
                    f'option scoring: the model "embedded" measures pictures and asks nobody, so "{scoring}" '
                    "does not apply; leave it out, or choose a model hf:... or openai:..."
                )
            return
        if name not in self._loaded:
            mllms.BACKENDS[prefix].check(argument, self._settings)

    def open(self, name: str, scoring: Scoring | None = None) -> Meter:
        """The model ``name`` for one job, loaded if it is not yet; blocks for as long as that takes.

        Raises:
            SemvidError: as `check`, and what shows only when weights are loaded: LimitExceeded where disk or
                memory do not suffice, InvalidInput where files are damaged or missing.
        """
        self.check(name, scoring)
        if name == mllms.EMBEDDED:
            from semvid.mllm.embedded.model import Embedded

            return Meter(Embedded())
        model = self._model(name)
        return Meter(Judge(model, scoring or Scoring.DIRECT, self._prompts, self._settings))

    def _model(self, name: str) -> LanguageModel:
        with self._lock:
            loading = self._loading.setdefault(name, threading.Lock())
        with loading:
            with self._lock:
                if name in self._loaded:
                    self._loaded.move_to_end(name)
                    return self._loaded[name]
                while len(self._loaded) >= self._settings.mllm_kept_models:
                    self._loaded.popitem(last=False)  # jobs that still use it keep it alive until they end
            prefix, _, argument = name.partition(":")
            model = mllms.BACKENDS[prefix].load(argument, self._settings)
            with self._lock:
                self._loaded[name] = model
            return model


def load(name: str) -> Meter:
    """The model that ``name`` (``prefix`` or ``prefix:argument``) asks for, with default settings.

    Raises:
        SemvidError: as `MllmLibrary.open`.
    """
    return MllmLibrary(MllmSettings()).open(name)
