using System.Text.Json;
using Coppice.Adapters.Methods;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Directories;

/// <summary>What an <c>adapter_config.json</c> says of inserted modules and of virtual tokens. Of the latter PEFT has prompts, P-tuning and prefixes; the others have types of their own.</summary>
internal static class ModuleConfiguration
{
    // The names of activations in files.
    private static readonly Dictionary<string, PointwiseFunction> Activations = new(StringComparer.Ordinal)
    {
        ["gelu"] = PointwiseFunction.GeluErf, ["gelu_tanh"] = PointwiseFunction.GeluTanh, ["silu"] = PointwiseFunction.Silu, ["relu"] = PointwiseFunction.Relu, ["tanh"] = PointwiseFunction.Tanh,
    };

    private static readonly Dictionary<string, string> Types = new(StringComparer.Ordinal)
    {
        ["prompt"] = "PROMPT_TUNING", ["p-tuning"] = "P_TUNING", ["prefix"] = "PREFIX_TUNING",
    };

    private static readonly string[] Own = ["sparc", "houlsby", "pfeiffer", "parallel", "scaled-parallel", "mixda-domain", "mixda"];

    /// <summary>The <c>peft_type</c> of a method; null for those of another kind.</summary>
    public static string? TypeOf(string method) => Own.Contains(method) ? AdapterConfigurationWriter.OwnType(method) : Types.GetValueOrDefault(method);

    /// <summary>The method of a <c>peft_type</c>; null for those of another kind.</summary>
    public static string? MethodOf(string type) => Types.FirstOrDefault(pair => pair.Value == type).Key ?? Array.Find(Own, method => AdapterConfigurationWriter.OwnType(method) == type);

    /// <summary>Whether a method puts virtual tokens in front of the text, so that PEFT knows neither targets nor biases of it.</summary>
    public static bool IsPrompt(string method) => method is "prompt" or "p-tuning" or "prefix" or "sparc";

    /// <summary>An activation by its name; null for none of that name.</summary>
    public static PointwiseFunction? Activation(string name) => Activations.TryGetValue(name, out var function) ? function : null;

    /// <summary>Writes a method's own keys.</summary>
    /// <returns>Whether it is one of these methods.</returns>
    public static bool Write(Utf8JsonWriter json, AdapterSettings settings, LanguageModel model)
    {
        if (TypeOf(settings.Method) is null) return false;
        if (IsPrompt(settings.Method)) WritePrompt(json, settings, model);
        else WriteBottleneck(json, settings);
        return true;
    }

    private static void WritePrompt(Utf8JsonWriter json, AdapterSettings settings, LanguageModel model)
    {
        var (prompt, configuration) = (settings.Prompt ?? new PromptSettings(), model.Configuration);
        json.WriteNumber("num_virtual_tokens", prompt.Tokens);
        if (settings.Method == "sparc")
        {
            json.WriteNumber("dimensions", prompt.Dimensions);
            return;
        }

        var isPrefix = settings.Method == "prefix";
        json.WriteNumber("token_dim", isPrefix ? configuration.KeyValueHeads * configuration.HeadSize : model.EmbeddingColumns);
        json.WriteNumber("num_transformer_submodules", 1);
        json.WriteNumber("num_attention_heads", isPrefix ? configuration.KeyValueHeads : configuration.Heads);
        json.WriteNumber("num_layers", configuration.Layers);
        // The file holds what the network computed: there is none any more.
        if (isPrefix) json.WriteBoolean("prefix_projection", false);
        if (settings.Method == "prompt") json.WriteString("prompt_tuning_init", "RANDOM");
    }

    private static void WriteBottleneck(Utf8JsonWriter json, AdapterSettings settings)
    {
        json.WriteNumber("r", settings.Rank);
        if (settings.RankPattern.Count > 0)
        {
            json.WriteStartObject("rank_pattern");
            foreach (var (pattern, rank) in settings.RankPattern) json.WriteNumber(pattern, rank);
            json.WriteEndObject();
        }

        if (settings.Bottleneck?.Activation is { } activation) json.WriteString("activation", Activations.First(pair => pair.Value == activation).Key);
        if (settings.Bottleneck?.Scale is { } scale) json.WriteNumber("scale", scale);
        if (settings.Mixture is not { } mixture) return;
        json.WriteStartArray("domains");
        foreach (var domain in mixture.Domains) json.WriteStringValue(domain);
        json.WriteEndArray();
        json.WriteStartArray("domain_layers");
        foreach (var layer in mixture.Layers) json.WriteNumberValue(layer);
        json.WriteEndArray();
        json.WriteNumber("domain_width", mixture.Width);
        json.WriteNumber("gate_width", mixture.GateWidth);
    }
}
