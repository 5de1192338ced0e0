"""The Explorer: the tree, the map and the objects of the registry as of any day."""
