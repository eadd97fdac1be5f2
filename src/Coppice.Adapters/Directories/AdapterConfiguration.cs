namespace Coppice.Adapters.Directories;

/// <summary>What an <c>adapter_config.json</c> says.</summary>
/// <param name="Settings">The settings.</param>
/// <param name="BaseModel">The base model's directory or name, as it is written; null where the file names none.</param>
/// <param name="Warnings">Keys that are not known and were overlooked.</param>
public sealed record AdapterConfiguration(AdapterSettings Settings, string? BaseModel, IReadOnlyList<string> Warnings);
