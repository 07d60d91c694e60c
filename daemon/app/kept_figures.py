"""The figures as they were at some record, kept beside the journal: a fold goes on from there."""

from __future__ import annotations

from typing import Final

from daemon import __version__
from daemon.analytics.figures import Figures, FiguresState, Measure
from daemon.app.custody import figures_path, journal_keys
from daemon.core.engine import ENGINE_VERSION
from daemon.journal.derived import Derived
from daemon.journal.reader import Reader
from daemon.settings import Settings

# Another one where a fold of the same records would come to other figures than before.
FORM: Final = 3


def measure_of(settings: Settings) -> Measure:
    """What these settings measure by."""
    analytics = settings.analytics
    return Measure(
        tolerance=analytics.slippage_tolerance,
        currency=analytics.reporting_currency,
        rates=analytics.reporting_rates,
    )


class KeptFigures:
    """The file `JOURNAL.figures`; whatever is not right of it, the journal is folded from 1."""

    def __init__(self, settings: Settings) -> None:
        """Raises `SealKeyError` as `journal_keys` does."""
        self.measure = measure_of(settings)
        # Rates and currency are applied when somebody looks; the tolerance while folding.
        made_by = f"filld {__version__}, engine {ENGINE_VERSION}, form {FORM}"
        self._file = Derived(
            path=figures_path(settings),
            kind=FiguresState,
            what=f"figures of {made_by}, tolerance {self.measure.tolerance}",
            keys=journal_keys(settings),
        )

    def found(self, reader: Reader) -> Figures:
        """The figures up to the record where they were kept; empty ones where that is of no use."""
        return Figures(self.measure, self._file.find(reader))

    def keep(self, reader: Reader, figures: Figures) -> bool:
        """Keep them as they are now; nobody folds meanwhile.

        False where the disk would not: only time is lost.
        """
        try:
            self._file.keep(reader, figures.seq, figures.state())
        except OSError:
            return False
        return True
