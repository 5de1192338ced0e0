"""A behaving DHIS2: the part of its Web API that this product uses, 2.31 to 2.43, hazards included.

It imports nothing of the product, so that it can't share the product's mistakes.
"""
