using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Adapters.Tests;

public sealed class AugmentationTests : IDisposable
{
    private static readonly Tokenizer Characters = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz ."], ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]);

    private static readonly int[] Document = [2, .. Enumerable.Range(0, 20).Select(i => 6 + i), 3];

    private readonly Backend _backend = Backends.Create(threads: 1);

    public void Dispose() => _backend.Dispose();

    [Fact]
    public void Dropping_leaves_the_frame_and_the_order_and_drops_about_the_share()
    {
        var drop = new TokenDrop(Characters, 0.3);
        var left = Enumerable.Range(0, 100).Select(i => drop.Apply(Document, 1, (ulong)i)).ToList();
        Assert.All(left, tokens =>
        {
            Assert.Equal((2, 3), (tokens[0], tokens[^1]));
            Assert.Equal(tokens[1..^1].Order(), tokens[1..^1]);
        });
        Assert.InRange(left.Average(tokens => tokens.Length - 2), 13, 15);
        Assert.Equal(left[7], drop.Apply(Document, 1, 7));
        Assert.NotEqual(left[7], drop.Apply(Document, 2, 7));
        Assert.Equal(Document, new TokenDrop(Characters, 0).Apply(Document, 1, 1));
        // A document of nothing means nothing.
        Assert.Equal([2, 9, 3], new TokenDrop(Characters, 0.999).Apply([2, 9, 3], 1, 1));
        Assert.Throws<CoppiceException>(() => new TokenDrop(Characters, 1));
    }

    [Fact]
    public void An_encoder_puts_text_in_the_place_of_what_is_hidden()
    {
        using var model = TinyModels.Create("bert", _backend, vocabulary: Characters.VocabularySize);
        using var replacement = new MaskedReplacement(model, Characters, 0.25);
        var versions = replacement.Versions([new TaskExample([TaskDocument.Labelled(Document, 0, 0)], "here")], 20, seed: 4)[0];
        Assert.All(versions, tokens =>
        {
            Assert.Equal(Document.Length, tokens.Length);
            // A quarter of 20 is hidden; what is written there may be what was there.
            Assert.InRange(tokens.Zip(Document, (now, before) => now == before ? 0 : 1).Sum(), 0, 5);
            Assert.All(tokens[1..^1], token => Assert.True(token >= 5));
        });
        Assert.True(versions.Select(tokens => string.Join(' ', tokens)).Distinct().Count() > 10);
        Assert.Equal(versions[3], replacement.Apply(Document, 4, 3));
    }

    [Fact]
    public void A_decoder_replaces_nothing()
    {
        using var model = TinyModels.Create("llama", _backend, vocabulary: Characters.VocabularySize);
        Assert.Contains("needs an encoder", Assert.Throws<CoppiceException>(() => new MaskedReplacement(model, Characters)).Message, StringComparison.Ordinal);
    }
}
