namespace Coppice.Inference;

/// <summary>An engine has as many requests waiting as it may: try again later.</summary>
public sealed class EngineBusyException(int waiting) : Exception($"{waiting} requests are waiting already, which is the most: try again later.");

/// <summary>An engine takes no more requests.</summary>
public sealed class EngineClosedException() : Exception("The engine takes no more requests: it is being closed.");
