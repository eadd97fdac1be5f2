using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Tokenizers.Serialization;

/// <summary>A value inside <c>tokenizer.json</c> that knows where it stands, so that every complaint names the place.</summary>
/// <param name="Path">Where the value stands, such as <c>model.vocab</c>.</param>
/// <param name="Value">The value; its kind is Undefined where the field is absent.</param>
internal readonly record struct JsonField(string Path, JsonElement Value)
{
    /// <summary>Whether the field is absent or null.</summary>
    public bool IsNull => Value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    /// <summary>A field of an object; absent where the object doesn't have it.</summary>
    public JsonField this[string name]
    {
        get
        {
            Require(JsonValueKind.Object, "an object");
            return new JsonField(Path.Length == 0 ? name : $"{Path}.{name}", Value.TryGetProperty(name, out var value) ? value : default);
        }
    }

    /// <summary>An item of an array that has one there.</summary>
    public JsonField ItemAt(int index) => new(string.Create(CultureInfo.InvariantCulture, $"{Path}[{index}]"), Value[index]);

    /// <summary>The error that this field is wrong.</summary>
    public CoppiceException Error(string what, Exception? inner = null) => new($"{Path}: {what}", inner: inner);

    public string RequireString()
    {
        Require(JsonValueKind.String, "a string");
        try
        {
            return Value.GetString()!;
        }
        catch (InvalidOperationException error)
        {
            throw Error("the string is no valid text", error);
        }
    }

    public string? OptionalString() => IsNull ? null : RequireString();

    public bool OptionalBoolean(bool otherwise) => Value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ when IsNull => otherwise,
        _ => throw Error($"must be true or false, not {Kind}"),
    };

    public int RequireInteger()
    {
        Require(JsonValueKind.Number, "an integer");
        return Value.TryGetInt32(out var number) ? number : throw Error($"must be an integer below 2147483648, not {Value.GetRawText()}");
    }

    public double RequireNumber()
    {
        Require(JsonValueKind.Number, "a number");
        return Value.TryGetDouble(out var number) && double.IsFinite(number) ? number : throw Error($"must be a number of double precision, not {Value.GetRawText()}");
    }

    public Rune RequireCharacter()
    {
        var text = RequireString();
        return Rune.DecodeFromUtf16(text, out var rune, out var length) == OperationStatus.Done && length == text.Length ? rune : throw Error("must be one character");
    }

    public byte[] RequireBase64()
    {
        Require(JsonValueKind.String, "a string");
        return Value.TryGetBytesFromBase64(out var bytes) ? bytes : throw Error("is no valid base64");
    }

    public IEnumerable<JsonField> RequireArray()
    {
        Require(JsonValueKind.Array, "an array");
        var path = Path;
        return Value.EnumerateArray().Select((value, i) => new JsonField(string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), value));
    }

    public IEnumerable<(string Name, JsonField Field)> RequireObject()
    {
        Require(JsonValueKind.Object, "an object");
        foreach (var property in Value.EnumerateObject()) yield return (NameOf(property), new JsonField($"{Path}[{Quoted.Text(property.Name)}]", property.Value));
    }

    private string Kind => Value.ValueKind.ToString().ToLowerInvariant();

    private string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException error)
        {
            throw Error("a name is no valid text", error);
        }
    }

    private void Require(JsonValueKind kind, string name)
    {
        if (Value.ValueKind == JsonValueKind.Undefined) throw Error("is missing");
        if (Value.ValueKind != kind) throw Error($"must be {name}, not {Kind}");
    }
}
