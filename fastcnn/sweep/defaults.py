"""What is searched where nothing is said: what matters most for the kind of training."""

from collections.abc import Mapping
from typing import Any

from fastcnn.models.networks import OWN_NETWORKS, is_own, stated_settings
from fastcnn.setting_uses import EPOCHS, does
from fastcnn.settings import Settings
from fastcnn.sweep.nets import PREFIX, has_use, is_of_network
from fastcnn.sweep.space import Space, Values, parse_values

FROZEN_BODY = {
    "head": "linear,fastai",
    "views": "1,2",
    "lr": "0.0005..0.05:log",
    "epochs": "2..8",
    "bs": "32,64,128",
    "wd": "0.0001..0.3:log",
    "loss": "cross-entropy,label-smoothing",
    "mixup": "0,0.2,0.4",
}
"""For `head`: all but `views` is about a head that is trained in epochs."""
FINE_TUNING = {
    "lr": "0.0002..0.02:log",
    "wd": "0.0001..0.3:log",
    "bs": "16,32,64",
    "freeze_epochs": "0,1,2",
    "augment": "none,light,default,strong",
    "loss": "cross-entropy,label-smoothing",
    "mixup": "0,0.2,0.4",
}
"""For the strategies that move the body."""
FROM_NOTHING = {
    "lr": "0.0003..0.03:log",
    "wd": "0.0001..0.3:log",
    "bs": "16,32,64,128",
    "opt": "adam,adamw,sgd",
    "augment": "none,light,default,strong",
    "loss": "cross-entropy,label-smoothing",
    "mixup": "0,0.2,0.4",
}
"""For `scratch`."""
OF_OWN_NETWORKS = {
    "net.activation": "relu,gelu,silu,mish",
    "net.kernel": "3,5",
    "net.norm": "none,batch",
    "net.dropout": "0..0.5",
    "net.dense": "0,128,256",
}
"""Besides, where the network is one of fastcnn's own."""


def default_space(given: Mapping[str, Any], beneath: Mapping[str, Any]) -> Space:
    """Return what is searched for the strategy and network that the settings name.

    What the command fixes is not searched, nor is what the strategies have no use for.

    Args:
        given: settings of the command; None is not given.
        beneath: those of the recipe and of an earlier run, below them.
    """
    fixed = {name: value for name, value in given.items() if value is not None}
    settings = Settings(**{**beneath, **fixed})
    texts = dict(_for(settings))
    if is_own(settings.arch):
        texts |= _of_network(settings.arch)
    space = {key: parse_values(key, text) for key, text in texts.items() if key not in fixed}
    return {key: values for key, values in space.items() if _matters(key, space, settings)}


def _of_network(arch: str) -> dict[str, str]:
    """Return what is searched of one of fastcnn's own networks: what its name does not say."""
    name = arch.partition(":")[0]
    named = {*stated_settings(arch), *_said_by(name)}
    own = {**OF_OWN_NETWORKS, "net.filters": _filters(name)}
    return {key: text for key, text in own.items() if key.removeprefix(PREFIX) not in named}


def _said_by(name: str) -> set[str]:
    """Return what the name of a network says itself, as three-conv-bn says its norm."""
    network = OWN_NETWORKS[name]
    plain = OWN_NETWORKS[network.name].settings
    return {key for key, value in vars(network.settings).items() if value != vars(plain)[key]}


def _for(settings: Settings) -> Mapping[str, str]:
    if settings.strategies == ("scratch",):
        return FROM_NOTHING
    return FROZEN_BODY if set(settings.strategies) == {"head"} else FINE_TUNING


def _filters(network: str) -> str:
    """Return the filters a block that a network has by itself, half as many, and 32 everywhere."""
    usual = OWN_NETWORKS[network].settings.filters
    half = tuple(number // 2 for number in usual)
    return ",".join(["-".join(map(str, usual)), "-".join(map(str, half)), "32"])


def _matters(key: str, space: Mapping[str, Values], settings: Settings) -> bool:
    """Return whether a searched setting has a use in one trial at least."""
    if is_of_network(key):
        return has_use(key, space, (settings.arch,))
    if key == "freeze_epochs":
        return bool({"full", "partial"} & set(settings.strategies))
    in_epochs = "head" in space or any(
        EPOCHS in does(name, settings) for name in settings.strategies
    )
    return in_epochs or key in ("head", "views")
