using Coppice.Foundation;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Corpus.Tests;

public sealed class TokenStoresTests
{
    private static readonly Document[] Documents =
    [
        new("1", "Once upon a time.\n", "stories"), new("2", "§ 1 Übergang", "law"), new("3", "", "stories"), new("4", "  spaces  stay ", "stories"),
        new("5", "<|endoftext|> and <s> are text", "law"), new("6", "日本語 🙂", "law"), new("7", "the end", "stories"),
    ];

    public static TheoryData<string> Names => ["begin is end", "begin and end", "neither"];

    private static Tokenizer Make(string name, int size) => name switch
    {
        "begin is end" => BpeTrainer.Train(Texts(size), new BpeTrainerOptions { VocabularySize = size, Threads = 1 }),
        "begin and end" => BpeTrainer.Train(Texts(size), new BpeTrainerOptions { VocabularySize = size + 100, Style = BpeStyle.Llama, Threads = 1 }),
        _ => CharacterTrainer.Train(Texts(size)),
    };

    private static IEnumerable<string> Texts(int size) => Documents.Select(document => document.Text).Append(size > 260 ? "Über the spaces and the time, Übergang" : "");

    [Theory]
    [MemberData(nameof(Names))]
    public void A_store_encoded_again_is_the_one_of_its_text(string name)
    {
        using var folder = new TemporaryFolder();
        var (oldTokenizer, newTokenizer) = (Make(name, 260), Make(name, 275));
        Assert.NotEqual(oldTokenizer.Fingerprint, newTokenizer.Fingerprint);
        using var old = TokenStoreWriter.Build(Documents, oldTokenizer, folder.At("old.tokens"));
        using var expected = TokenStoreWriter.Build(Documents, newTokenizer, folder.At("expected.tokens"));
        TokenStores.Reencode(old, oldTokenizer, newTokenizer, folder.At("new.tokens"), threads: 3).Dispose();
        Assert.Equal(File.ReadAllBytes(folder.At("expected.tokens")), File.ReadAllBytes(folder.At("new.tokens")));
    }

    [Fact]
    public void A_tokenizer_that_did_not_make_the_store_is_refused()
    {
        using var folder = new TemporaryFolder();
        var (one, other) = (Make("begin is end", 260), Make("begin is end", 275));
        using var store = TokenStore.InMemory(Documents, one);
        Assert.Contains("another tokenizer", Assert.Throws<CoppiceException>(() => TokenStores.Reencode(store, other, one, folder.At("new.tokens"))).Message);
    }

    [Fact]
    public void Text_that_its_tokens_have_lost_is_refused()
    {
        using var folder = new TemporaryFolder();
        var lossy = CharacterTrainer.Train(["once upon a time"]);
        using var store = TokenStore.InMemory(Documents, lossy);
        var error = Assert.Throws<CoppiceException>(() => TokenStores.Reencode(store, lossy, Make("neither", 260), folder.At("new.tokens")));
        Assert.Contains("'stories'", error.Message);
        Assert.False(File.Exists(folder.At("new.tokens")));
    }
}
