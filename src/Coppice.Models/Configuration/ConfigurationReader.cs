using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Models;

/// <summary>Reads a <c>config.json</c>, with an error that names file and key for everything that is missing, mistyped or not supported.</summary>
public sealed class ConfigurationReader
{
    // Nothing real comes near; a product of two such sizes still fits in 64 bits.
    private const int Largest = 1 << 24;

    // Each layer is a list of parameters, made before any weight is looked for.
    private const int MostLayers = 1 << 12;

    private readonly string _path;
    private readonly JsonElement _root;

    private ConfigurationReader(string path, JsonElement root)
    {
        _path = path;
        _root = root;
    }

    /// <summary>Reads the configuration of a model directory.</summary>
    /// <param name="path">A <c>config.json</c>.</param>
    /// <exception cref="CoppiceException">The file can't be read or is not supported.</exception>
    public static ModelConfiguration Read(string path)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(File.ReadAllBytes(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{path}: can't be read: {error.Message}", inner: error);
        }
        catch (JsonException error)
        {
            throw new CoppiceException($"{path}: is not JSON: {error.Message}", inner: error);
        }

        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw new CoppiceException($"{path}: a JSON object is expected");
            var reader = new ConfigurationReader(path, document.RootElement);
            var type = reader.Text("model_type", null);
            if (!ArchitectureRegistry.ByModelType.TryGetValue(type, out var read))
                throw new CoppiceException($"{path}: model_type '{type}' is not supported; supported are {string.Join(", ", ArchitectureRegistry.ByModelType.Keys)}");
            ForeignOptions.Refuse(reader);
            return read(reader, type);
        }
    }

    internal CoppiceException Error(string key, string what) => new($"{_path}: {key}: {what}");

    internal string Text(string key, string? otherwise)
    {
        if (!Has(key)) return otherwise ?? throw Error(key, "is missing");
        return _root.GetProperty(key) is { ValueKind: JsonValueKind.String } value ? Text(key, value) : throw Error(key, "a text is expected");
    }

    /// <summary>The first text of a list; null where there is none.</summary>
    internal string? First(string key) => Texts(key) is [var first, ..] ? first : null;

    /// <summary>A list of texts; empty where there is none.</summary>
    internal IReadOnlyList<string> Texts(string key)
    {
        if (!Has(key)) return [];
        var value = _root.GetProperty(key);
        if (value.ValueKind != JsonValueKind.Array) throw Error(key, "a list is expected");
        return [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? Text(key, item) : throw Error(key, "a list of texts is expected"))];
    }

    /// <summary>A list of numbers from 0 on.</summary>
    internal double[] Numbers(string key)
    {
        if (!Has(key)) throw Error(key, "is missing");
        var value = _root.GetProperty(key);
        if (value.ValueKind != JsonValueKind.Array) throw Error(key, "a list of numbers is expected");
        return [.. value.EnumerateArray().Select(item => Number(key, item))];
    }

    /// <summary>The names of all options.</summary>
    internal IEnumerable<string> Keys => _root.EnumerateObject().Select(option => option.Name);

    /// <summary>The object under a key; null where there is none.</summary>
    internal ConfigurationReader? Inside(string key)
    {
        if (!Has(key)) return null;
        var value = _root.GetProperty(key);
        return value.ValueKind == JsonValueKind.Object ? new ConfigurationReader($"{_path}: {key}", value) : throw Error(key, "an object is expected");
    }

    internal int Layers(string key) => Size(key, largest: MostLayers);

    internal int Size(string key, int? otherwise = null, int largest = Largest)
    {
        if (!Has(key)) return otherwise ?? throw Error(key, "is missing");
        var value = _root.GetProperty(key);
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number > 0 && number <= largest
            ? number
            : throw Error(key, $"a whole number from 1 to {largest} is expected, not {Shorten(value)}");
    }

    /// <summary>Refuses heads whose common width is beyond every size.</summary>
    internal void CheckHeads(string key, int heads, int headSize)
    {
        if ((long)heads * headSize > Largest) throw Error(key, $"{heads} heads of {headSize} are wider than {Largest}");
    }

    internal int? Token(string key)
    {
        if (!Has(key)) return null;
        var value = _root.GetProperty(key);
        // Some models list several end tokens; the first is the one that training wrote.
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0) value = value[0];
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= 0 ? number : throw Error(key, $"a token id is expected, not {Shorten(value)}");
    }

    /// <summary>A number from 0 on.</summary>
    internal double Number(string key, double otherwise) => Has(key) ? Number(key, _root.GetProperty(key)) : otherwise;

    /// <summary>A share that is dropped: at least 0 and less than 1.</summary>
    internal double Dropout(string key)
    {
        var share = Number(key, 0);
        return share < 1 ? share : throw Error(key, $"a number from 0 to below 1 is expected, not {Shorten(_root.GetProperty(key))}");
    }

    internal bool Flag(string key, bool otherwise)
    {
        if (!Has(key)) return otherwise;
        var value = _root.GetProperty(key);
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Error(key, $"true or false is expected, not {Shorten(value)}");
    }

    /// <summary>Whether the key is there and not null.</summary>
    internal bool Has(string key) => _root.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>Refuses an option that would change the numbers.</summary>
    internal void MustBe(string key, bool value, bool otherwise)
    {
        if (Flag(key, otherwise) != value) throw Error(key, $"only {(value ? "true" : "false")} is supported");
    }

    /// <summary>Refuses what the encoders of BERT's kind have as options and we don't.</summary>
    internal void RequireEncoder()
    {
        MustBe("is_decoder", false, otherwise: false);
        MustBe("add_cross_attention", false, otherwise: false);
        if (Text("position_embedding_type", "absolute") is not "absolute" and var type) throw Error("position_embedding_type", $"'{type}' is not supported; only 'absolute' is");
    }

    private double Number(string key, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number) && number >= 0
            ? number
            : throw Error(key, $"a number, not negative, is expected, not {Shorten(value)}");

    private string Text(string key, JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException error)
        {
            // Bytes that are no UTF-8, or half of a surrogate pair.
            throw Error(key, $"is no text: {error.Message}");
        }
    }

    private static string Shorten(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length <= 40 ? text : text[..40] + "…";
    }
}
