using System.Text;
using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Inference.Tests;

public sealed class TokenMaskTests
{
    private const string Sample = "{\"name\": \"é日🙂\", \"age\": 12, \"tags\": [\"a\", \"b\"], \"value\": null}, (1 + 2) * -3 aabb [[]] \"\\n\\u00e9\"";

    public static TheoryData<string> Constraints =>
    [
        "json", "schema", "(a|b(c|d)*)*x{2,3}", "[^a]*日?", "root ::= sum\nsum ::= factor (\" + \" factor)* \nfactor ::= [0-9]+ | \"(\" sum \")\"", "root ::= \"a\" root \"b\" | \"ab\"",
        "root ::= x root x | x\nx ::= [ab]", "root ::= ws list ws\nws ::= [ \\t\\n]*\nlist ::= \"[\" ws (item (ws \",\" ws item)*)? ws \"]\"\nitem ::= list | [a-z0-9 ,]+",
    ];

    [Theory]
    [MemberData(nameof(Constraints))]
    public void A_mask_has_the_tokens_with_which_the_text_still_follows_the_grammar(string text)
    {
        var constraint = text switch
        {
            "json" => TextConstraint.JsonSchema("true"),
            "schema" => TextConstraint.JsonSchema(RandomSchema.Of(5)),
            _ => text.StartsWith("root", StringComparison.Ordinal) ? TextConstraint.Grammar(text) : TextConstraint.Regex(text),
        };
        var tokenizer = Trained(BpeStyle.Gpt2);
        var trie = new TokenTrie(tokenizer, _ => false);
        var masks = new TokenMasks(constraint.Read(), trie);
        var states = Following.States(constraint);
        for (var seed = 0UL; seed < 20; seed++)
        {
            var random = new Philox(seed, 1);
            var (state, bytes) = (masks.Start, new List<byte>());
            for (var step = 0UL; step < 40; step++)
            {
                var mask = masks.Of(state).ToArray();
                var allowed = Enumerable.Range(0, tokenizer.VocabularySize).Where(token => (mask[token >> 6] >> (token & 63) & 1) != 0).ToList();
                var expected = Enumerable.Range(0, tokenizer.VocabularySize).Where(token => tokenizer.BytesOf(token) is { Length: > 0 } next && Following.After(states, [.. bytes, .. next]) is not null);
                Assert.Equal(expected, allowed);
                if (allowed.Count == 0) break;
                var token = allowed[random.Integer(step, allowed.Count)];
                state = masks.After(state, token);
                bytes.AddRange(tokenizer.BytesOf(token)!);
                Assert.Equal(Following.After(states, [.. bytes])!.IsEnd, state.IsEnd);
            }
        }
    }

    [Theory]
    [InlineData(BpeStyle.Gpt2)]
    [InlineData(BpeStyle.Llama)]
    public void The_bytes_of_tokens_are_those_of_their_text(BpeStyle style)
    {
        var tokenizer = Trained(style);
        var ids = new List<int>();
        tokenizer.Encode("a " + Sample + " 語", ids);
        var bytes = ids.SelectMany(id => tokenizer.BytesOf(id)!).ToArray();
        Assert.Equal("a " + Sample + " 語", Encoding.UTF8.GetString(bytes).TrimStart(' '));
        Assert.All(tokenizer.SpecialTokens.Values, id => Assert.Null(tokenizer.BytesOf(id)));
        Assert.Contains(ids, id => tokenizer.BytesOf(id)!.Any(value => value >= 0x80));
    }

    [Fact]
    public void The_tree_of_a_vocabulary_has_each_token_once()
    {
        var tokenizer = Trained(BpeStyle.Gpt2);
        var trie = new TokenTrie(tokenizer, _ => false);
        var found = new Dictionary<int, byte[]>();
        var path = new List<byte>();
        for (var node = 0; node < trie.Count; node++)
        {
            path.RemoveRange(trie.DepthOf(node), path.Count - trie.DepthOf(node));
            path.Add(trie.ByteOf(node));
            foreach (var token in trie.TokensAt(node)) found.Add(token, [.. path]);
            var below = Enumerable.Range(node, trie.EndOf(node) - node).SelectMany(inner => trie.TokensAt(inner).ToArray());
            Assert.Equal(below, trie.TokensBelow(node).ToArray());
        }

        Assert.Equal(tokenizer.VocabularySize - tokenizer.SpecialTokens.Count, found.Count);
        Assert.All(found, pair => Assert.Equal(tokenizer.BytesOf(pair.Key), pair.Value));
    }

    [Fact]
    public void A_tokenizer_whose_tokens_mean_nothing_by_themselves_is_refused()
    {
        var tokenizer = Tokenizer.FromJson("""
            {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null, "pre_tokenizer": null, "post_processor": null,
             "decoder": {"type": "BPEDecoder", "suffix": "</w>"},
             "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": "</w>", "fuse_unk": false,
               "byte_fallback": false, "ignore_merges": false, "vocab": {"a": 0, "a</w>": 1}, "merges": []}}
            """);
        Assert.Contains("depends on the tokens around", Assert.Throws<CoppiceException>(() => new TokenTrie(tokenizer, _ => false)).Message, StringComparison.Ordinal);
    }

    private static Tokenizer Trained(BpeStyle style) => BpeTrainer.Train([string.Concat(Enumerable.Repeat(Sample + " ", 10))], new BpeTrainerOptions { VocabularySize = 420, Style = style, Threads = 1 });
}
