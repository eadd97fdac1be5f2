using System.Text.Json;
using Coppice.Adapters.Methods;

namespace Coppice.Adapters.Directories;

/// <summary>Inserted modules and virtual tokens: see <see cref="ModuleConfiguration"/>.</summary>
internal sealed partial class AdapterConfigurationReader
{
    /// <summary>The settings of a type of one of these kinds; null for another.</summary>
    private AdapterSettings? ReadModules(string type, HashSet<string> read)
    {
        if (ModuleConfiguration.MethodOf(type) is not { } method) return null;
        return ModuleConfiguration.IsPrompt(method) ? ReadPrompt(method, read) : ReadBottleneck(method, read);
    }

    private AdapterSettings ReadPrompt(string method, HashSet<string> read)
    {
        // What can be told from the base, and how the values were computed and began while they were trained: the file holds what came of it.
        read.UnionWith(["token_dim", "num_attention_heads", "num_layers", "prefix_projection", "prompt_tuning_init", "prompt_tuning_init_text", "tokenizer_name_or_path", "tokenizer_kwargs"]);
        read.UnionWith(["encoder_reparameterization_type", "encoder_hidden_size", "encoder_num_layers", "encoder_dropout"]);
        if (Whole("num_transformer_submodules", 1, read) != 1) throw Error("num_transformer_submodules", "1 is expected: a text has one prompt");
        var prompt = new PromptSettings { Tokens = Whole("num_virtual_tokens", new PromptSettings().Tokens, read), EncoderWidth = 0 };
        if (method == "sparc") prompt = prompt with { Dimensions = Whole("dimensions", prompt.Dimensions, read) };
        return new AdapterSettings { Method = method, Prompt = prompt, ModulesToSave = Texts("modules_to_save", read) };
    }

    private AdapterSettings ReadBottleneck(string method, HashSet<string> read)
    {
        read.UnionWith(["activation", "scale"]);
        var settings = Common(read) with
        {
            Method = method, Rank = Whole("r", new AdapterSettings().Rank, read),
            RankPattern = [.. Patterns("rank_pattern", read).Select(pair => KeyValuePair.Create(pair.Name, Whole($"rank_pattern.{pair.Name}", pair.Value)))],
        };
        if (Text("activation") is not null || IsSet("scale"))
        {
            settings = settings with
            {
                Bottleneck = new BottleneckSettings
                {
                    Activation = Text("activation") is { } activation ? ModuleConfiguration.Activation(activation) ?? throw Error("activation", $"'{activation}' is not known") : null,
                    Scale = IsSet("scale") ? Number("scale", _values["scale"]) : null,
                },
            };
        }

        return method == "mixda" ? settings with { Mixture = ReadMixture(read) } : settings;
    }

    private MixtureSettings ReadMixture(HashSet<string> read)
    {
        const string Layers = "domain_layers";
        read.Add(Layers);
        var items = IsSet(Layers) && _values[Layers].ValueKind == JsonValueKind.Array ? _values[Layers].EnumerateArray().ToArray() : [];
        return new MixtureSettings
        {
            Domains = Texts("domains", read),
            Layers = [.. items.Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var layer) && layer >= 0 ? layer : throw Error(Layers, "numbers of layers are expected"))],
            Width = Whole("domain_width", new MixtureSettings().Width, read),
            GateWidth = Whole("gate_width", new MixtureSettings().GateWidth, read),
        };
    }
}
