using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Adapters.Directories;

/// <summary>
/// Reads <c>adapter_config.json</c> as PEFT writes it. What is not known and could change the mathematics is refused by name; what is not known and could not is told.
/// </summary>
internal sealed class AdapterConfigurationReader
{
    private const long MostBytes = 1 << 20;

    // What PEFT writes and what changes nothing here: the values are about training, devices or bookkeeping.
    private static readonly HashSet<string> Harmless = new(StringComparer.Ordinal)
    {
        "peft_type", "task_type", "base_model_name_or_path", "revision", "inference_mode", "auto_mapping", "peft_version", "lora_dropout", "vera_dropout", "fan_in_fan_out", "init_ia3_weights",
        "init_weights", "projection_prng_key", "save_projection", "d_initial", "megatron_config", "megatron_core", "loftq_config", "runtime_config", "qalora_group_size", "method",
    };

    // Changes of the mathematics that are not supported, where they are on.
    private static readonly HashSet<string> Unsupported = new(StringComparer.Ordinal)
    {
        "lora_bias", "layer_replication", "target_parameters", "trainable_token_indices", "ensure_weight_tying", "alora_invocation_tokens",
    };

    // How the first values of the factors were drawn. The others rewrite the base, so that the file's factors mean nothing on a base as it was.
    private static readonly HashSet<string> InitialValues = new(StringComparer.Ordinal) { "gaussian", "eva", "orthogonal", "mica" };

    private readonly string _path;
    private readonly Dictionary<string, JsonElement> _values;

    private AdapterConfigurationReader(string path, JsonElement root) =>
        (_path, _values) = (path, root.EnumerateObject().GroupBy(property => property.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Last().Value, StringComparer.Ordinal));

    public static AdapterConfiguration Read(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MostBytes) throw new CoppiceException($"{path}: has more than {MostBytes} bytes, which no adapter's configuration has");
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw new CoppiceException($"{path}: a JSON object is expected");
            return new AdapterConfigurationReader(path, document.RootElement).Read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{path}: can't be read: {error.Message}", inner: error);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new CoppiceException($"{path}: is not JSON: {error.Message}", inner: error);
        }
    }

    private AdapterConfiguration Read()
    {
        var type = Text("peft_type") ?? throw Error("peft_type", "is missing: is it a PEFT adapter's configuration?");
        var read = new HashSet<string>(Harmless, StringComparer.Ordinal);
        var settings = type switch
        {
            "LORA" => ReadLora(read),
            "VERA" => ReadVera(read),
            "IA3" => Common(read) with { Method = "ia3", FeedForward = Pattern("feedforward_modules", read) },
            AdapterConfigurationWriter.OwnType => ReadOwn(read),
            _ => throw Error("peft_type", $"'{type}' is not supported; supported are LORA (with rsLoRA and DoRA), VERA and IA3"),
        };
        return new AdapterConfiguration(settings, Text("base_model_name_or_path"), CheckOthers(read));
    }

    private AdapterSettings ReadLora(HashSet<string> read)
    {
        read.Add("init_lora_weights");
        if (IsSet("init_lora_weights") && _values["init_lora_weights"] is var init && init.ValueKind != JsonValueKind.True && !(init.ValueKind == JsonValueKind.String && InitialValues.Contains(init.GetString()!)))
            throw Error("init_lora_weights", $"'{Shown(init)}' means a base whose weights were changed: convert the adapter to a plain LoRA, which is exact, in the tool that wrote it");
        return Common(read) with
        {
            Method = Flag("use_dora", read) ? "dora" : "lora",
            Rank = Whole("r", 8, read),
            Alpha = Number("lora_alpha", 8, read),
            RankStabilized = Flag("use_rslora", read),
            RankPattern = [.. Patterns("rank_pattern", read).Select(pair => KeyValuePair.Create(pair.Name, Whole($"rank_pattern.{pair.Name}", pair.Value)))],
            AlphaPattern = [.. Patterns("alpha_pattern", read).Select(pair => KeyValuePair.Create(pair.Name, Number($"alpha_pattern.{pair.Name}", pair.Value)))],
        };
    }

    private AdapterSettings ReadVera(HashSet<string> read) => Common(read) with { Method = "vera", Rank = Whole("r", 256, read), InitialD = Number("d_initial", 0.1, read) };

    private AdapterSettings ReadOwn(HashSet<string> read) => Common(read) with
    {
        Method = Text("method") is "bitfit" or "layers" ? Text("method")! : throw Error("method", "'bitfit' or 'layers' is expected"),
    };

    private AdapterSettings Common(HashSet<string> read) => new()
    {
        Targets = Pattern("target_modules", read),
        Exclude = Pattern("exclude_modules", read),
        Layers = Layers(read),
        LayersPattern = Texts("layers_pattern", read),
        ModulesToSave = Texts("modules_to_save", read),
        Bias = Bias(read),
    };

    private BiasTraining Bias(HashSet<string> read)
    {
        read.Add("bias");
        return (Text("bias") ?? "none") switch
        {
            "none" => BiasTraining.None,
            "all" => BiasTraining.All,
            "lora_only" or "vera_only" => BiasTraining.TargetsOnly,
            var other => throw Error("bias", $"'{other}' is not known: none, all or lora_only is expected"),
        };
    }

    /// <summary>The keys that nothing read: refused where they could change the mathematics, told where they could not.</summary>
    private List<string> CheckOthers(HashSet<string> read)
    {
        var warnings = new List<string>();
        foreach (var key in new[] { "lora_dropout", "vera_dropout" })
        {
            if (Number(key, 0, read) > 0) warnings.Add($"{_path}: {key}: is about training, and further training here has no dropout in adapters");
        }

        foreach (var (key, value) in _values)
        {
            if (read.Contains(key) || !IsSet(key)) continue;
            if (Unsupported.Contains(key) || key.StartsWith("use_", StringComparison.Ordinal) || key.EndsWith("_config", StringComparison.Ordinal))
                throw Error(key, $"{Shown(value)} is not supported, and without it the adapter would compute something else");
            warnings.Add($"{_path}: {key}: is not known and overlooked");
        }

        return warnings;
    }

    /// <summary>Whether a key has a value that says anything: not null, false or empty.</summary>
    private bool IsSet(string key) => _values.TryGetValue(key, out var value) && value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False or JsonValueKind.Undefined => false,
        JsonValueKind.Array => value.GetArrayLength() > 0,
        JsonValueKind.Object => value.EnumerateObject().Any(),
        JsonValueKind.String => value.GetString()!.Length > 0,
        _ => true,
    };

    private string? Text(string key)
    {
        if (!_values.TryGetValue(key, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw Error(key, "a text is expected");
    }

    private bool Flag(string key, HashSet<string> read)
    {
        read.Add(key);
        if (!_values.TryGetValue(key, out var value) || value.ValueKind == JsonValueKind.Null) return false;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.ValueKind == JsonValueKind.True : throw Error(key, "true or false is expected");
    }

    private int Whole(string key, int otherwise, HashSet<string> read)
    {
        read.Add(key);
        return _values.TryGetValue(key, out var value) && value.ValueKind != JsonValueKind.Null ? Whole(key, value) : otherwise;
    }

    private int Whole(string key, JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number > 0
        ? number
        : throw Error(key, $"a whole number above 0 is expected, not {Shown(value)}");

    private double Number(string key, double otherwise, HashSet<string> read)
    {
        read.Add(key);
        return _values.TryGetValue(key, out var value) && value.ValueKind != JsonValueKind.Null ? Number(key, value) : otherwise;
    }

    private double Number(string key, JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number)
        ? number
        : throw Error(key, $"a number is expected, not {Shown(value)}");

    private TargetPattern? Pattern(string key, HashSet<string> read)
    {
        read.Add(key);
        if (!IsSet(key)) return null;
        return _values[key].ValueKind == JsonValueKind.String ? TargetPattern.Matching(_values[key].GetString()!) : TargetPattern.Of([.. Texts(key, read)]);
    }

    private IReadOnlyList<string> Texts(string key, HashSet<string> read)
    {
        read.Add(key);
        if (!IsSet(key)) return [];
        if (_values[key].ValueKind == JsonValueKind.String) return [_values[key].GetString()!];
        if (_values[key].ValueKind != JsonValueKind.Array) throw Error(key, "a list of texts is expected");
        return [.. _values[key].EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Error(key, "a list of texts is expected"))];
    }

    private IReadOnlyList<int> Layers(HashSet<string> read)
    {
        const string Key = "layers_to_transform";
        read.Add(Key);
        if (!IsSet(Key)) return [];
        var items = _values[Key].ValueKind == JsonValueKind.Array ? _values[Key].EnumerateArray().ToArray() : [_values[Key]];
        return [.. items.Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var layer) && layer >= 0 ? layer : throw Error(Key, "numbers of layers are expected"))];
    }

    private JsonElement.ObjectEnumerator Patterns(string key, HashSet<string> read)
    {
        read.Add(key);
        if (!IsSet(key)) return default;
        return _values[key].ValueKind == JsonValueKind.Object ? _values[key].EnumerateObject() : throw Error(key, "an object is expected");
    }

    private CoppiceException Error(string key, string what) => new($"{_path}: {key}: {what}");

    private static string Shown(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length <= 60 ? text : text[..60] + "…";
    }
}
