using Coppice.Foundation;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Inference.Tests;

public sealed class TextEmbedderTests : IDisposable
{
    private static readonly Tokenizer Characters = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz "], ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]);

    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Theory]
    [InlineData("bert")]
    [InlineData("llama")]
    public void A_vector_is_the_mean_of_the_hidden_states_of_all_tokens(string name)
    {
        using var model = TinyModels.Create(name, _backend);
        using var embedder = new TextEmbedder(model, Characters);
        var vector = embedder.Embed(["some text"])[0];
        int[] tokens = [2, .. Encode("some text"), 3];
        var hidden = TinyModels.Hidden(model, tokens);
        var expected = Enumerable.Range(0, 12).Select(i => Enumerable.Range(0, tokens.Length).Average(row => hidden[row * 12 + i]));
        Assert.Equal(12, embedder.Dimensions);
        Assert.Equal(expected, vector, (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void Texts_do_not_depend_on_what_is_embedded_with_them_and_long_ones_are_read_in_windows()
    {
        using var model = TinyModels.Create("bert", _backend);
        using var embedder = new TextEmbedder(model, Characters);
        string[] texts = ["short", "", string.Concat(Enumerable.Repeat("a long one ", 20)), "short", string.Concat(Enumerable.Repeat("many ", 1000))];
        var together = embedder.Embed(texts);
        for (var i = 0; i < texts.Length; i++) Assert.Equal(embedder.Embed([texts[i]])[0], together[i], (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Equal(together[0], together[3], (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void Normalised_vectors_have_the_length_one()
    {
        using var model = TinyModels.Create("roberta", _backend);
        using var embedder = new TextEmbedder(model, Characters, normalize: true);
        Assert.All(embedder.Embed(["one", "another one"]), vector => Assert.Equal(1, vector.Sum(value => value * value), 1e-5f));
    }

    [Fact]
    public void A_tokenizer_of_another_model_is_refused()
    {
        using var model = TinyModels.Create("bert", _backend, vocabulary: 20);
        Assert.Throws<CoppiceException>(() => new TextEmbedder(model, Characters));
    }

    private static List<int> Encode(string text)
    {
        var ids = new List<int>();
        Characters.Encode(text, ids);
        return ids;
    }
}
