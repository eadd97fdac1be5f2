using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Tokenizers;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice tokenizer encode</c>: text to token ids.</summary>
internal static class TokenizerEncodeCommand
{
    public static Command Create()
    {
        var tokenizer = new Argument<string>("TOKENIZER") { Description = "A tokenizer.json, a SentencePiece model, a tiktoken file such as cl100k_base.tiktoken, or a folder that holds one" };
        var text = new Argument<string?>("TEXT") { Description = "The text; read from stdin where it is not given", Arity = ArgumentArity.ZeroOrOne };
        var file = new Option<string?>("--file") { Description = "Read the text from a file", HelpName = "FILE" };
        var plain = new Option<bool>("--no-special-tokens") { Description = "Do not add the tokens that begin and end a document" };
        var command = new Command("encode", "Show the tokens of a text") { tokenizer, text, file, plain, CommonOptions.Json };
        command.Validators.Add(result =>
        {
            if (result.GetValue(text) is not null && result.GetValue(file) is not null) result.AddError("TEXT and --file are both given; leave one out");
        });
        command.SetAction(parse =>
        {
            var loaded = Tokenizer.Load(parse.GetRequiredValue(tokenizer));
            var input = parse.GetValue(text)
                ?? (parse.GetValue(file) is { } path ? TextInput.FromFile(path) : TextInput.FromStandardInput("coppice tokenizer encode: no text: give TEXT or --file, or pipe it in"));
            var encoding = loaded.EncodeWithOffsets(input, addSpecialTokens: !parse.GetValue(plain));
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(new EncodedText(encoding.Ids, encoding.Tokens));
            else Page.Line(string.Join(' ', encoding.Ids));
        });
        return command;
    }

    private sealed record EncodedText(IReadOnlyList<int> Ids, IReadOnlyList<string> Tokens);
}
