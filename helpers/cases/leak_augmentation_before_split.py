"""Variants of one image on both sides of the split."""

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.cases import Case
from helpers.cases._lottery import drawn
from helpers.cases._network import quick_network
from helpers.cases._prepared import rows_of
from helpers.cases._scores import draws, fold_scores
from helpers.workers import each_repetition

ORIGINALS = 100
#: Of each image: as it is, and four with noise of their own, 0.3 standard deviations a pixel.
VARIANTS = 5


def faulty(task):
    def folds(image, seed):
        cv = StratifiedKFold(task.settings.n_splits, shuffle=True, random_state=seed)
        return {"cv": cv}

    return on_variants(task, folds)


def fixed(task):
    def folds(image, seed):
        cv = StratifiedGroupKFold(task.settings.n_splits, shuffle=True, random_state=seed)
        return {"cv": cv, "groups": image}

    return on_variants(task, folds)


def on_variants(task, folds):
    images = make_pipeline(SimpleImputer(), StandardScaler()).fit_transform(rows_of(task.data))

    def draw(repeat, seed):
        originals = np.random.default_rng(seed).permutation(images)[:ORIGINALS]
        X, image = augmented(originals, seed)
        y = drawn(len(originals), seed)[image]
        how = folds(image, seed) | {"evidence": variant_trained_on(image), "last_only": True}
        return fold_scores(quick_network(task, seed), X, y, repeat=repeat, **how)

    return each_repetition(draw, draws(task))


def augmented(images, seed):
    """All variants, and the number of the image that each of them shows."""
    noise = np.random.default_rng(seed).normal(scale=0.3, size=(VARIANTS, *images.shape))
    noise[0] = 0
    return np.concatenate(images + noise), np.tile(np.arange(len(images)), VARIANTS)


def variant_trained_on(image):
    """Share of the test rows that show an image of which another variant was trained on."""

    def evidence(model, train, test):
        return {"image_trained_on": np.isin(image[test], image[train]).mean()}

    return evidence


CASE = Case(
    code="leak/augmentation-before-split",
    title="Variants of one image on both sides",
    statement="With one label drawn by lot for each image, where an accuracy of 0.5 is the truth, "
    "folds that deal out its five variants one by one raise the accuracy on the test fold by more "
    "than 0.02.",
    faulty=faulty,
    fixed=fixed,
    value="accuracy on the test fold",
    unit="accuracy",
    expect="higher",
    margin=0.02,
    on=("repeat",),
    source="rsarka34/RDLINet#1",
)
