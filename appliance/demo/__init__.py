"""What the demonstration and the tests stand on: invented papers of invented communes, and the run that carries them."""
