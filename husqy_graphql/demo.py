"""What the demo world offers, for somebody who has just started it."""

from __future__ import annotations

from husqy_graphql.discord.sandbox.world import DEMO_GUILD, QUIET_GUILD

DEMO_GUILDS = (DEMO_GUILD, QUIET_GUILD)

_CARD = """
The demo world is ready. Start it with `husqy-graphql serve`.

  Explorer   {address}/
  GraphQL    {address}/graphql
  REST       {address}/v1             (contract: {address}/v1/docs)
  Discord    {address}/sandbox/discord/api/v10   (a fake one; Authorization: Bot sandbox-bot)

  sandbox-owner      owns "Husqy demo" ({guild}) and "Quiet corner" (...002)
  sandbox-admin      administers both by role
  sandbox-member     a member of "Husqy demo", without rights
  sandbox-outsider   shares no guild with Husqy
  sandbox-service    the credential of Husqy's own bot process

Try it:

  curl -s {address}/graphql -H 'Authorization: Bearer sandbox-owner' -H 'Content-Type: application/json' \\
    -d '{{"query": "{{ guild(id: \\"{guild}\\") {{ name settings {{ language timeZone }} }} }}"}}'

  curl -s '{address}/v1/settings?guild_id={guild}' -H 'Authorization: Bearer sandbox-owner'
"""


def demo_card(host: str, port: int) -> str:
    """The addresses, the tokens, and one ready line for each of the two APIs."""
    return _CARD.format(address=f"http://{host}:{port}", guild=DEMO_GUILD).strip("\n")
