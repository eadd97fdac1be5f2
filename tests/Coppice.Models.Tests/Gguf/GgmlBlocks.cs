using System.Runtime.InteropServices;
using System.Text.Json;
using Coppice.Testing;

namespace Coppice.Models.Tests.Gguf;

/// <summary>Blocks of random bytes, and the values that ggml (v0.5.0 of llama.cpp, its <c>dequantize_row</c> functions) reads from them.</summary>
internal static class GgmlBlocks
{
    private static readonly Lazy<JsonElement> Json = new(() =>
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(SharedData.RepositoryRoot, "tests", "Coppice.Models.Tests", "Gguf", "ggml-blocks.json")));
        return document.RootElement.Clone();
    });

    public static (byte[] Blocks, float[] Values) Of(string format)
    {
        var entry = Json.Value.GetProperty(format);
        return (entry.GetProperty("blocks").GetBytesFromBase64(), MemoryMarshal.Cast<byte, float>(entry.GetProperty("values").GetBytesFromBase64()).ToArray());
    }
}
