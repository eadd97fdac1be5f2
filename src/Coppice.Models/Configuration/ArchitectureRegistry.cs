namespace Coppice.Models;

/// <summary>The architectures by the <c>model_type</c> of a <c>config.json</c>. A new one is a configuration, a model and a line here.</summary>
internal static class ArchitectureRegistry
{
    /// <summary>Reads the configuration of a type.</summary>
    /// <param name="json">The file.</param>
    /// <param name="type">The type's name: families share a reader.</param>
    public delegate ModelConfiguration ReadConfiguration(ConfigurationReader json, string type);

    /// <summary>The readers, in the order in which messages name them.</summary>
    public static IReadOnlyDictionary<string, ReadConfiguration> ByModelType { get; } = new Dictionary<string, ReadConfiguration>(
        [
            new(Gpt2Configuration.Type, (json, _) => Gpt2Configuration.Read(json)),
            .. LlamaConfiguration.Types.Select(type => KeyValuePair.Create<string, ReadConfiguration>(type, LlamaConfiguration.Read)),
            new(GptNeoXConfiguration.Type, (json, _) => GptNeoXConfiguration.Read(json)),
            new(OptConfiguration.Type, (json, _) => OptConfiguration.Read(json)),
            .. BertConfiguration.Types.Select(type => KeyValuePair.Create<string, ReadConfiguration>(type, BertConfiguration.Read)),
            new(ElectraConfiguration.Type, (json, _) => ElectraConfiguration.Read(json)),
            new(T5Configuration.Type, (json, _) => T5Configuration.Read(json)),
        ],
        StringComparer.Ordinal);
}
