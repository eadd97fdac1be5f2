using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.ChatTemplates;
using Coppice.Tokenizers.Training;

namespace Coppice.Cli.Tests;

/// <summary><c>export</c> and <c>import</c> as processes, and tokenizers through GGUF and back.</summary>
public sealed class ExportCommandTests : IDisposable
{
    private const string Text = "The sheep of the flock went home at dusk, and the dog went with them. It wasn't 1,234 sheep; it was 56.\n\n  A naïve reader's guess: ½ of 街道.\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_model_comes_back_from_gguf_with_its_weights_and_its_tokens()
    {
        var directory = Model("llama", BpeStyle.Gpt4);
        var export = CommandRun.Of("export", directory, "-o", _folder.At("model.gguf"), "--json");
        Assert.True(export.ExitCode == 0, export.Error);
        Assert.Equal("llama", export.Json.GetProperty("architecture").GetString());
        Assert.Equal(new FileInfo(_folder.At("model.gguf")).Length, export.Json.GetProperty("bytes").GetInt64());

        var import = CommandRun.Of("import", _folder.At("model.gguf"), "-o", _folder.At("imported"), "--json");
        Assert.True(import.ExitCode == 0, import.Error);
        Assert.True(import.Json.GetProperty("has_tokenizer").GetBoolean());
        Assert.Equal(File.ReadAllBytes(Path.Combine(directory, "model.safetensors")), File.ReadAllBytes(_folder.At("imported/model.safetensors")));
        Assert.Equal(0, CommandRun.Of("generate", _folder.At("imported"), "--prompt", "The ", "--max-tokens", "4").ExitCode);
    }

    [Fact]
    public void A_chat_template_comes_back_with_the_tokens_that_it_may_write()
    {
        const string Template = "{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}";
        var directory = Model("llama", BpeStyle.Gpt4);
        File.WriteAllText(Path.Combine(directory, TokenizerFiles.ChatTemplateFile), Template);
        Assert.Equal(0, CommandRun.Of("export", directory, "-o", _folder.At("model.gguf")).ExitCode);
        Assert.Equal(0, CommandRun.Of("import", _folder.At("model.gguf"), "-o", _folder.At("imported")).ExitCode);
        Assert.Equal(Template, ChatTemplate.SourceOf(_folder.At("imported")));
        var tokenizer = Tokenizer.Load(directory);
        var (begin, end) = (tokenizer.IdToToken(tokenizer.BeginOfText!.Value), tokenizer.IdToToken(tokenizer.EndOfText!.Value));
        Assert.Equal($"{begin}user: Hello{end}", ChatTemplate.Load(_folder.At("imported"))!.Render([new ChatMessage("user", "Hello")]).Text);
    }

    [Fact]
    public void What_was_stored_how_is_shown()
    {
        var run = CommandRun.Of("export", Model("qwen3", BpeStyle.Gpt2), "-o", _folder.At("model.gguf"), "--type", "q4_k");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("blk.*.ffn_down.weight: rows of 20 don't divide into blocks, so 2 tensors stored as F16", run.Output, StringComparison.Ordinal);
        Assert.Contains("qwen3", run.Output, StringComparison.Ordinal);
        run = CommandRun.Of("import", _folder.At("model.gguf"), "-o", _folder.At("imported"));
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("F16 (", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BpeStyle.Gpt2)]
    [InlineData(BpeStyle.Gpt4)]
    [InlineData(BpeStyle.Llama)]
    public void A_tokenizer_gives_the_same_ids_after_export_and_import(BpeStyle style)
    {
        var directory = Model("llama", style);
        Assert.Equal(0, CommandRun.Of("export", directory, "-o", _folder.At("model.gguf")).ExitCode);
        var import = CommandRun.Of("import", _folder.At("model.gguf"), "-o", _folder.At("imported"));
        Assert.True(import.ExitCode == 0, import.Error);
        var (before, after) = (Tokenizer.Load(directory), Tokenizer.Load(_folder.At("imported")));
        Assert.Equal((before.VocabularySize, before.BeginOfText, before.EndOfText), (after.VocabularySize, after.BeginOfText, after.EndOfText));
        foreach (var text in new[] { Text, " ", "", "x", "<|endoftext|><s>", "Ünïcödé 🐑🐑", "\0\u001F" })
        {
            Assert.Equal(Encode(before, text), Encode(after, text));
            Assert.Equal(before.Decode([.. Encode(before, text)]), after.Decode([.. Encode(before, text)]));
        }

        Assert.Equal(after.BeginOfText, after.EncodeWithSpecialTokens("x")[0]);
    }

    [Fact]
    public void Tokens_without_text_and_added_tokens_survive()
    {
        var directory = Model("llama", BpeStyle.Gpt2, moreRows: 5);
        Assert.Equal(0, CommandRun.Of("export", directory, "-o", _folder.At("model.gguf")).ExitCode);
        Assert.Equal(0, CommandRun.Of("import", _folder.At("model.gguf"), "-o", _folder.At("imported")).ExitCode);
        Assert.Equal(Tokenizer.Load(directory).VocabularySize, Tokenizer.Load(_folder.At("imported")).VocabularySize);
    }

    [Fact]
    public void What_can_not_be_exported_or_imported_ends_with_one_line()
    {
        var directory = Model("llama", BpeStyle.Gpt2);
        CharacterTrainer.Train([Text]).Save(Path.Combine(directory, Tokenizer.FileName));
        Fails("a tokenizer of characters has no counterpart in GGUF", 1, "export", directory, "-o", _folder.At("model.gguf"));
        Fails("there is no such model directory", 1, "export", _folder.At("nothing"), "-o", _folder.At("model.gguf"));
        Fails("did you mean 'q4_k'?", 2, "export", directory, "-o", _folder.At("model.gguf"), "--type", "q4_km");
        Fails("can't be read", 1, "import", _folder.At("nothing.gguf"), "-o", _folder.At("imported"));
        Fails("is not a GGUF file", 1, "import", _folder.Write("no.gguf", "text and more text"), "-o", _folder.At("imported"));
        Assert.False(File.Exists(_folder.At("model.gguf")));
        Assert.False(Directory.Exists(_folder.At("imported")));
        File.Delete(Path.Combine(directory, Tokenizer.FileName));
        Fails("can't be written", 1, "export", directory, "-o", Path.Combine(_folder.At("no.gguf"), "model.gguf"));
    }

    private static List<int> Encode(Tokenizer tokenizer, string text)
    {
        var ids = new List<int>();
        tokenizer.Encode(text, ids);
        return ids;
    }

    private static void Fails(string expected, int exitCode, params string[] arguments)
    {
        var run = CommandRun.Of(arguments);
        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    private string Model(string name, BpeStyle style, int moreRows = 0)
    {
        var tokenizer = BpeTrainer.Train([Text, Text], new BpeTrainerOptions { VocabularySize = 320, Style = style });
        using var backend = Backends.Create(threads: 1);
        var configuration = TinyModels.Configuration(name, tokenizer.VocabularySize + moreRows) with { BeginOfText = tokenizer.BeginOfText, EndOfText = tokenizer.EndOfText };
        using var model = TinyModels.Create(configuration, backend);
        var directory = _folder.At("source");
        ModelDirectory.Save(directory, model);
        tokenizer.Save(directory);
        return directory;
    }
}
