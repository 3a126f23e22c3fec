"""The composition root: settings -> engines -> Discord -> schema -> Starlette.

Everything that lives as long as the process is made here, once, and handed to whatever needs it.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url
from starlette.types import ASGIApp

from husqy_graphql.api_keys import models as _api_key_models  # noqa: F401 - its tables
from husqy_graphql.api_keys.service import rotate_keys
from husqy_graphql.config import Settings
from husqy_graphql.core.access import ServiceActor, authorize_service
from husqy_graphql.core.clock import Clock, system_clock
from husqy_graphql.core.key_ring import create_key_ring
from husqy_graphql.db.base import Base
from husqy_graphql.db.engines import Engines, create_engines
from husqy_graphql.db.migrate import check_models, create_revision, migrate, pending_revision
from husqy_graphql.db.unit_of_work import unit_of_work
from husqy_graphql.gql.context import Resources
from husqy_graphql.guilds.service import join_guild
from husqy_graphql.worker.loop import run_worker
from husqy_graphql.worker.resources import WorkerResources
