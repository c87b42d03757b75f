"""Well-known hosts of advertising, analytics and browsers' own traffic."""

_NOISE = frozenset(
    """
    2mdn.net adform.net adnxs.com adroll.com adsafeprotected.com adservice.google.com
    adsrvr.org amazon-adsystem.com amplitude.com analytics.google.com analytics.tiktok.com
    app-measurement.com bat.bing.com bluekai.com casalemedia.com chartbeat.com chartbeat.net
    clarity.ms clicktale.net connect.facebook.net crazyegg.com criteo.com criteo.net demdex.net
    doubleclick.net everesttech.net fullstory.com google-analytics.com googleadservices.com
    googlesyndication.com googletagmanager.com googletagservices.com heapanalytics.com hotjar.com
    hotjar.io hs-analytics.net inspectlet.com js-agent.newrelic.com krxd.net logrocket.com
    lr-ingest.io matomo.cloud mathtag.com mc.yandex.ru mixpanel.com moatads.com mouseflow.com
    mxpnl.com nr-data.net omtrdc.net openx.net outbrain.com piwik.pro plausible.io pubmatic.com
    px.ads.linkedin.com quantserve.com rlcdn.com rubiconproject.com scorecardresearch.com
    segment.com segment.io sharethrough.com smartadserver.com snap.licdn.com static.ads-twitter.com
    taboola.com tapad.com tealiumiq.com teads.tv tiqcdn.com
    clients2.google.com content-autofill.googleapis.com detectportal.firefox.com
    edgedl.me.gvt1.com firefox.settings.services.mozilla.com incoming.telemetry.mozilla.org
    optimizationguide-pa.googleapis.com push.services.mozilla.com safebrowsing.googleapis.com
    update.googleapis.com
    """.split()  # noqa: SIM905 - a list of words
)


def noise(host: str) -> str:
    """The listed domain that `host` is or belongs to; empty when it is none."""
    labels = host.lower().rstrip(".").split(".")
    for start in range(len(labels) - 1):
        domain = ".".join(labels[start:])
        if domain in _NOISE:
            return domain
    return ""
