using System.Diagnostics.CodeAnalysis;
using Coppice.Foundation;

namespace Coppice.Models.Gguf;

/// <summary>The metadata of a GGUF file: keys and values. What is missing, mistyped or beyond all sense is an error that names the key.</summary>
internal sealed class GgufMetadata(string path, IReadOnlyDictionary<string, object> values)
{
    // Nothing real comes near; a product of two such sizes still fits in 64 bits.
    private const int LargestSize = 1 << 24;

    /// <summary>The file.</summary>
    public string Path => path;

    public bool Has(string key) => values.ContainsKey(key);

    public CoppiceException Error(string key, string what) => new($"{path}: {key}: {what}");

    public string Text(string key) => Optional<string>(key, "a text") ?? throw Error(key, "is missing");

    public string? OptionalText(string key) => Optional<string>(key, "a text");

    /// <summary>A number of things: 1 to 2²⁴.</summary>
    public int Size(string key, int? otherwise = null, int largest = LargestSize)
    {
        if (!Has(key) && otherwise is { } value) return value;
        return Whole(key, largest) is > 0 and var size ? size : throw Error(key, $"a whole number from 1 to {largest} is expected");
    }

    /// <summary>A whole number from 0 on, or null.</summary>
    public int? OptionalWhole(string key, int largest = LargestSize) => Has(key) ? Whole(key, largest) : null;

    public double Number(string key, double otherwise) => values.GetValueOrDefault(key) switch
    {
        null => otherwise,
        double number when double.IsFinite(number) => number,
        _ => throw Error(key, "a number is expected"),
    };

    public bool Flag(string key, bool otherwise) => Has(key) ? values[key] as bool? ?? throw Error(key, "true or false is expected") : otherwise;

    public bool TryGetArray(string key, GgufValueType elementType, [NotNullWhen(true)] out GgufArray? array)
    {
        array = Optional<GgufArray>(key, "an array");
        if (array is not null && array.ElementType != elementType) throw Error(key, $"an array of the type {(uint)elementType} is expected, not {(uint)array.ElementType}");
        return array is not null;
    }

    private int Whole(string key, int largest) => values.GetValueOrDefault(key) switch
    {
        null => throw Error(key, "is missing"),
        long number and >= 0 when number <= largest => (int)number,
        _ => throw Error(key, $"a whole number up to {largest} is expected"),
    };

    private T? Optional<T>(string key, string what)
        where T : class => values.GetValueOrDefault(key) switch
    {
        null => null,
        T value => value,
        _ => throw Error(key, $"{what} is expected"),
    };
}
