using System.Buffers.Binary;
using System.Text.Json;
using Coppice.Testing;

namespace Coppice.Tokenizers.Tests;

/// <summary>What the reference implementation made of small tokenizers and of random strings; the scripts that wrote it are in Data.</summary>
public class ReferenceTests
{
    private const int FuzzCount = 10_000;
    private static readonly JsonDocument Components = JsonDocument.Parse(File.ReadAllBytes(DataFile("component-reference.json")));

    public static TheoryData<string> ComponentNames => [.. Components.RootElement.EnumerateArray().Select(entry => entry.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(ComponentNames))]
    public void A_small_tokenizer_encodes_and_decodes_as_the_reference(string name)
    {
        var entry = Components.RootElement.EnumerateArray().First(entry => entry.GetProperty("name").GetString() == name);
        var tokenizer = Tokenizer.FromJson(entry.GetProperty("tokenizer").GetRawText());
        var again = Tokenizer.FromJson(tokenizer.ToJson());
        foreach (var expected in entry.GetProperty("encodings").EnumerateArray())
        {
            Assert.Equal(Describe(expected), Describe(tokenizer, expected.GetProperty("text").GetString()!));
            Assert.Equal(Describe(expected), Describe(again, expected.GetProperty("text").GetString()!));
        }
    }

    [Theory]
    [MemberData(nameof(ComponentNames))]
    public void A_small_tokenizer_gives_the_same_ids_without_offsets(string name)
    {
        var tokenizer = Tokenizer.FromJson(Components.RootElement.EnumerateArray().First(entry => entry.GetProperty("name").GetString() == name).GetProperty("tokenizer").GetRawText());
        foreach (var text in Enumerable.Range(0, 500).Select(FuzzStrings.Make).Where(text => tokenizer.SpecialTokens.Keys.All(token => !text.Contains(token, StringComparison.Ordinal))))
        {
            Assert.Equal(tokenizer.EncodeWithOffsets(text, addSpecialTokens: false).Ids, tokenizer.Encode(text));
        }
    }

    [SharedDataTheory("oracles/tokenizers")]
    [InlineData("gpt2", 0)]
    [InlineData("wordpiece_shakespeare", 1)]
    [InlineData("unigram_shakespeare", 2)]
    public void Random_strings_of_all_planes_encode_as_the_reference_has_them(string name, int place)
    {
        var reference = File.ReadAllBytes(DataFile("fuzz-reference.bin")).AsSpan(place * FuzzCount * 4, FuzzCount * 4).ToArray();
        var tokenizer = Tokenizer.Load(SharedData.At($"oracles/tokenizers/{name}"));
        var wrong = new List<string>();
        for (var i = 0; i < FuzzCount; i++)
        {
            var encoding = tokenizer.EncodeWithOffsets(FuzzStrings.Make(i), addSpecialTokens: true);
            var ids = BinaryPrimitives.ReadUInt16LittleEndian(reference.AsSpan(4 * i));
            var offsets = BinaryPrimitives.ReadUInt16LittleEndian(reference.AsSpan(4 * i + 2));
            if (Sum(encoding.Ids) != ids) wrong.Add($"{i} ids");
            else if (Sum(encoding.Offsets.SelectMany(offset => new[] { offset.Start, offset.End })) != offsets) wrong.Add($"{i} offsets");
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} differ: {string.Join(", ", wrong.Take(20))}");
    }

    internal static string DataFile(string name) => Path.Combine(AppContext.BaseDirectory, "Data", name);

    private static ushort Sum(IEnumerable<int> numbers)
    {
        var hash = numbers.Aggregate(0x811c9dc5u, (hash, number) => (hash ^ (uint)number) * 0x01000193u);
        return (ushort)(hash ^ (hash >> 16));
    }

    private static string Describe(Tokenizer tokenizer, string text)
    {
        var encoding = tokenizer.EncodeWithOffsets(text, addSpecialTokens: true);
        return Describe(text, encoding.Ids, encoding.Tokens, encoding.Offsets, tokenizer.Decode(encoding.Ids.ToArray()));
    }

    private static string Describe(JsonElement expected) => Describe(
        expected.GetProperty("text").GetString()!,
        expected.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()),
        expected.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()!),
        expected.GetProperty("offsets").EnumerateArray().Select(offset => (offset[0].GetInt32(), offset[1].GetInt32())),
        expected.GetProperty("decoded").GetString()!);

    private static string Describe(string text, IEnumerable<int> ids, IEnumerable<string> tokens, IEnumerable<(int, int)> offsets, string decoded) =>
        $"{text}\nids {string.Join(' ', ids)}\ntokens {string.Join('|', tokens)}\noffsets {string.Join(' ', offsets)}\ndecoded {decoded}";
}
