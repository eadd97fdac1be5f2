using System.CommandLine;
using System.Globalization;
using Coppice.Cli.Output;
using Coppice.Foundation;
using Coppice.Tokenizers;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice tokenizer decode</c>: token ids to text.</summary>
internal static class TokenizerDecodeCommand
{
    private static readonly char[] Separators = [' ', ',', '\t', '\r', '\n', '[', ']'];

    public static Command Create()
    {
        var tokenizer = new Argument<string>("TOKENIZER") { Description = "A tokenizer.json, a SentencePiece model, a tiktoken file such as cl100k_base.tiktoken, or a folder that holds one" };
        var ids = new Argument<string[]>("IDS") { Description = "Token ids, apart by spaces or commas; read from stdin where none are given", Arity = ArgumentArity.ZeroOrMore };
        var special = new Option<bool>("--special-tokens") { Description = "Show special tokens too" };
        var command = new Command("decode", "Show the text of token ids") { tokenizer, ids, special, CommonOptions.Json };
        command.SetAction(parse =>
        {
            var loaded = Tokenizer.Load(parse.GetRequiredValue(tokenizer));
            var given = parse.GetValue(ids) is { Length: > 0 } arguments
                ? string.Join(' ', arguments)
                : TextInput.FromStandardInput("coppice tokenizer decode: no ids: give them as arguments, or pipe them in");
            var numbers = given.Split(Separators, StringSplitOptions.RemoveEmptyEntries).Select(id => Parse(id, loaded)).ToArray();
            var text = loaded.Decode(numbers, skipSpecialTokens: !parse.GetValue(special));
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(new DecodedText(text));
            else Page.Text(text);
        });
        return command;
    }

    private static int Parse(string text, Tokenizer tokenizer) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id < tokenizer.VocabularySize
            ? id
            : throw CoppiceException.Usage($"'{text}' is no token id: the vocabulary has ids from 0 to {tokenizer.VocabularySize - 1}");

    private sealed record DecodedText(string Text);
}
