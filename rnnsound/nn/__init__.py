"""The network: mixture density, LSTM, training, generation. Needs PyTorch."""
