using Coppice.Corpus.Privacy;
using Coppice.Testing;
using Xunit.Abstractions;

namespace Coppice.Corpus.Tests.Steps.Privacy;

public sealed class PiiMaskTests(ITestOutputHelper output)
{
    private static string[] Found(string text) => [.. new PiiMask().Find(text).Select(finding => $"{finding.Kind}:{text.Substring(finding.Start, finding.Length)}")];

    [Theory]
    [InlineData("Write to jane.doe+news@mail.example.co.uk.", "Email:jane.doe+news@mail.example.co.uk")]
    [InlineData("<a href=\"mailto:info@firma.de\">", "Email:info@firma.de")]
    [InlineData("\"john smith\"@example.org wrote", "Email:\"john smith\"@example.org")]
    [InlineData("root@[203.1.113.9] said", "Email:root@[203.1.113.9]")]
    [InlineData("müller@bücher.de", "Email:müller@bücher.de")]
    [InlineData("请联系foo@bar.com谢谢", "Email:foo@bar.com")]
    [InlineData("'bob@example.com', (al@example.net)", "Email:bob@example.com", "Email:al@example.net")]
    [InlineData("a_b@sub-domain.example.info,next", "Email:a_b@sub-domain.example.info")]
    public void Email_addresses_are_found(string text, params string[] expected) => Assert.Equal(expected, Found(text));

    [Theory]
    [InlineData("logo@2x.png and lodash@4.17.21 and @decorator.name")]
    [InlineData("git@github.com:owner/name.git")]
    [InlineData("@name@mastodon.social")]
    [InlineData("ssh://git@github.com/owner/name")]
    [InlineData("user@localhost, a@b, @, x @ y.com, foo@.com, foo@-bar.com, foo@bar..com")]
    public void What_is_no_email_address_is_not(string text) => Assert.Empty(Found(text));

    [Theory]
    [InlineData("from 93.184.216.34 port 22", "IpAddress:93.184.216.34")]
    [InlineData("The resolver 8.8.8.8 answers.", "IpAddress:8.8.8.8")]
    [InlineData("http://142.250.74.110:8080/x", "IpAddress:142.250.74.110")]
    [InlineData("198.41.0.4/24", "IpAddress:198.41.0.4")]
    [InlineData("172.15.0.1 172.32.0.1", "IpAddress:172.15.0.1", "IpAddress:172.32.0.1")]
    [InlineData("address 1.0.0.1 and 223.255.255.254.", "IpAddress:1.0.0.1", "IpAddress:223.255.255.254")]
    [InlineData("at 2606:2800:220:1:248:1893:25c8:1946, or 2001:4860:4860::8888.", "IpAddress:2606:2800:220:1:248:1893:25c8:1946", "IpAddress:2001:4860:4860::8888")]
    public void Public_ip_addresses_are_found(string text, params string[] expected) => Assert.Equal(expected, Found(text));

    [Theory]
    [InlineData("10.1.2.3 127.0.0.1 192.168.178.1 172.16.0.1 172.31.255.255 169.254.1.1 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.0")]
    [InlineData("192.0.2.7 198.51.100.7 203.0.113.7")]
    [InlineData("256.100.100.100 and 100.100.100.256 and 093.184.216.34")]
    [InlineData("Version 4.8.120.200 and v1.2.3.124 and 1.22.133.4.5 and 91.0.4472.124")]
    [InlineData("Section 4.1.2.130 says so; § 3.2.1.1 too; 3.2.1.1 Overview")]
    [InlineData("Python 2.7.18.1, Boost 1.65.1.0")]
    [InlineData("12:30:45 and 00:1A:2B:3C:4D:5E and std::vector and a::b and 2006:: and 3000::x and fe80::1 and ::1 and 2001:db8::1")]
    public void Other_numbers_with_dots_and_colons_are_no_public_addresses(string text) => Assert.Empty(Found(text));

    [Theory]
    [InlineData("+49 30 901820", "+49 30 901820")]
    [InlineData("+49 (0)89 1234567", "+49 (0)89 1234567")]
    [InlineData("+4915112345678", "+4915112345678")]
    [InlineData("+1 (212) 555-0123", "+1 (212) 555-0123")]
    [InlineData("+1-800-555-0199", "+1-800-555-0199")]
    [InlineData("+44 20 7946 0958", "+44 20 7946 0958")]
    [InlineData("+33 1 23 45 67 89", "+33 1 23 45 67 89")]
    [InlineData("+34 912 345 678", "+34 912 345 678")]
    [InlineData("+81-3-1234-5678", "+81-3-1234-5678")]
    [InlineData("+91 98765 43210", "+91 98765 43210")]
    [InlineData("0049 30 901820", "0049 30 901820")]
    [InlineData("(212) 555-0123", "(212) 555-0123")]
    [InlineData("(555)123-4567", "(555)123-4567")]
    [InlineData("212-555-0123", "212-555-0123")]
    [InlineData("212.555.0123", "212.555.0123")]
    [InlineData("1-800-555-0199", "1-800-555-0199")]
    [InlineData("001-555-123-4567x890", "001-555-123-4567x890")]
    [InlineData("415-555-2671 ext. 42", "415-555-2671 ext. 42")]
    [InlineData("phone 2125550123", "2125550123")]
    [InlineData("030 12345678", "030 12345678")]
    [InlineData("0171-2345678", "0171-2345678")]
    [InlineData("(030) 1234567", "(030) 1234567")]
    [InlineData("089/12345678", "089/12345678")]
    [InlineData("01 23 45 67 89", "01 23 45 67 89")]
    [InlineData("06.12.34.56.78", "06.12.34.56.78")]
    [InlineData("020 7946 0958", "020 7946 0958")]
    [InlineData("07911 123456", "07911 123456")]
    [InlineData("(02) 9876 5432", "(02) 9876 5432")]
    [InlineData("0412 345 678", "0412 345 678")]
    [InlineData("Tel.: 912 345 678", "912 345 678")]
    [InlineData("Telefon 5551234", "5551234")]
    public void Telephone_numbers_are_found_between_other_words(string text, string number)
    {
        Assert.Equal([$"Phone:{number}"], Found($"We said {text}, and he agreed."));
        Assert.Equal([$"Phone:{number}"], Found(text));
    }

    [Theory]
    [InlineData("ISBN 978-3-16-148410-0 and ISBN 0-306-40615-2 and ISSN 0317-8471")]
    [InlineData("2012-11-10, 10.11.2012, 11/10/2012, 2012-11-10 12:30:00, 01-02-2003 and 1999-2004")]
    [InlineData("§ 29-308.03, §§ 29-308.05, 29-308.07, D.C. Law 22-155, 66 DCR 4066, Pub. L. 116-283, 134 Stat. 4604")]
    [InlineData("version 10.0.19041.1288, build 20240115.1, doi:10.1000/182 and arXiv:2112.11446")]
    [InlineData("3.14159265358979, 0.123456789012, 1,234,567.89, 1 000 000 000, +1000000, -273.15, 1e-10")]
    [InlineData("2024-01-01T00:00:00+00:00 and 1700000000 and 1700000000000")]
    [InlineData("123e4567-e89b-12d3-a456-426614174000 and 0xdeadbeef and #1234567890")]
    [InlineData("$212-555-0123 is 100% of 212 555 0123 455 and 312 445 6678 901")]
    [InlineData("https://example.com/212-555-0123/?id=2125550123")]
    [InlineData("01 02 03 04 05 06 and 0001 0002 0003")]
    [InlineData("BGBl. I S. 2402, 2414; Az. 2 BvR 1205/15; Art. 20 Abs. 3 GG; 16. Dezember 1999")]
    [InlineData("the telephone act 1934-1996 and phone bills of 2019-2020")]
    public void Other_numbers_are_no_telephone_numbers(string text) => Assert.Empty(Found(text));

    [Theory]
    [InlineData("DE89 3704 0044 0532 0130 00", "Iban:DE89 3704 0044 0532 0130 00")]
    [InlineData("IBAN: GB29NWBK60161331926819.", "Iban:GB29NWBK60161331926819")]
    [InlineData("FR14 2004 1010 0505 0001 3M02 606", "Iban:FR14 2004 1010 0505 0001 3M02 606")]
    [InlineData("DE83 4111 1111 1111 1111 22", "Iban:DE83 4111 1111 1111 1111 22")]
    [InlineData("DE88 3704 0044 0532 0130 00")]
    [InlineData("GB29NWBK6016133192681")]
    [InlineData("XX89 3704 0044 0532 0130 00")]
    public void Account_numbers_have_a_country_its_length_and_a_check(string text, params string[] expected) => Assert.Equal(expected, Found(text));

    [Theory]
    [InlineData("4111 1111 1111 1111", true)]
    [InlineData("4111-1111-1111-1111", true)]
    [InlineData("5555555555554444", true)]
    [InlineData("2223 0031 2200 3222", true)]
    [InlineData("3782 822463 10005", true)]
    [InlineData("378282246310005", true)]
    [InlineData("6011111111111117", true)]
    [InlineData("3530111333300000", true)]
    [InlineData("30569309025904", true)]
    [InlineData("4111 1111 1111 1112", false)]
    [InlineData("9111111111111119", false)]
    [InlineData("411 1111 1111 11111", false)]
    [InlineData("0.4111111111111111", false)]
    [InlineData("41111111111111110000000", false)]
    public void Card_numbers_have_an_issuer_a_shape_and_a_check_digit(string text, bool isCard) => Assert.Equal(isCard ? [$"Card:{text}"] : [], Found(text));

    [Theory]
    [InlineData("key AKIAIOSFODNN7EXAMPLE here", "AKIAIOSFODNN7EXAMPLE")]
    [InlineData("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "ghp_16C7e42F292c6912E7710c838347Ae178B4a")]
    [InlineData("SLACK=xoxb-123456789012-abcdefGHIJKL", "xoxb-123456789012-abcdefGHIJKL")]
    [InlineData("AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY", "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY")]
    [InlineData("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "sk_live_4eC39HqLyjWDarjtT1zdp7dc")]
    [InlineData("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U")]
    [InlineData("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYz9QmZ4LpOq", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYz9QmZ4LpOq")]
    [InlineData("\"api_key\": \"9f86d081884c7d659a2feaa0c55ad015\"", "9f86d081884c7d659a2feaa0c55ad015")]
    [InlineData("password = \"Tr0ub4dor&3\"", "Tr0ub4dor&3")]
    [InlineData("DB_PASSWORD=s3cr3T!9xQ", "s3cr3T!9xQ")]
    [InlineData("postgres://admin:hunter2secureX9@db.example.com/x", "hunter2secureX9")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabc=\n-----END RSA PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabc=\n-----END RSA PRIVATE KEY-----")]
    public void Secrets_are_found(string text, string secret)
    {
        var finding = Assert.Single(new PiiMask().Find(text));
        Assert.Equal((PiiKind.Secret, secret), (finding.Kind, text.Substring(finding.Start, finding.Length)));
    }

    [Theory]
    [InlineData("password = os.environ[\"DB_PASSWORD\"], token = get_token(user), secret: str = None")]
    [InlineData("api_key = \"your_api_key_here\"; password=<password>; token: ${{ secrets.TOKEN }}; pwd=xxxxxxxxxxxx")]
    [InlineData("The password: a word that one must know. The secret = trust. if password == \"p4ssw0rd12\": pass")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----")]
    [InlineData("tokenizer = \"transformers.AutoTokenizer2\", token_type = identifier_or_keyword")]
    [InlineData("sk-learn-contrib, AKIA, ghp_short, eyJ.a.b")]
    public void What_is_no_secret_is_not(string text) => Assert.Empty(Found(text));

    [Fact]
    public void Tokens_or_datatroves_addresses_stand_in_the_place_of_what_was_found()
    {
        const string Text = "a@b.org c@d.org e@f.org from 93.184.216.34, tel. +49 30 901820";
        var tokens = Filtering.Run(new PiiMask(), Text);
        Assert.Equal("|||EMAIL_ADDRESS||| |||EMAIL_ADDRESS||| |||EMAIL_ADDRESS||| from |||IP_ADDRESS|||, tel. |||PHONE_NUMBER|||", tokens.Document!.Text);
        Assert.Equal([new("e-mail addresses", 3), new("IP addresses", 1), new("telephone numbers", 1)], tokens.Changes);
        var datatrove = Filtering.Run(new PiiMask(new PiiMaskOptions { Replacement = PiiReplacement.Datatrove }), Text);
        Assert.Equal("email@example.com firstname.lastname@example.org email@example.com from 22.214.171.124, tel. |||PHONE_NUMBER|||", datatrove.Document!.Text);
    }

    [Fact]
    public void A_document_with_more_findings_than_allowed_is_dropped()
    {
        var step = new PiiMask(new PiiMaskOptions { MaxFindings = 2 });
        Filtering.Keeps(step, "a@b.org c@d.org");
        Filtering.Drops(step, "a@b.org c@d.org e@f.org", "too many personal or secret things");
    }

    [Fact]
    public void Only_the_kinds_asked_for_are_looked_for()
    {
        var step = new PiiMask(new PiiMaskOptions { Kinds = new HashSet<PiiKind> { PiiKind.Phone } });
        Assert.Equal(PiiKind.Phone, Assert.Single(step.Find("a@b.org, +49 30 901820, 93.184.216.34")).Kind);
    }

    [Fact]
    public void A_document_without_findings_is_the_same_object()
    {
        var document = new Document("1", "Nothing to see.", "test");
        Assert.Same(document, new PiiMask().Begin()(document).Document);
    }

    [Fact]
    public void Hostile_texts_take_linear_time()
    {
        foreach (var piece in new[] { "1", "1 ", "@", "a@", "a.", "1.", ":", "eyJ", "://", "password=", "-----BEGIN ", "DE89 ", "2001:", "+", "0 1-", "\0", "\uD800" })
        {
            _ = new PiiMask().Find(string.Concat(Enumerable.Repeat(piece, 300_000)));
        }
    }

    [SharedDataTheory("data/text")]
    [InlineData("dc-law.jsonl.gz", 0.02)]
    [InlineData("german-law.jsonl.gz", 0.02)]
    [InlineData("books.jsonl.gz", 0.02)]
    public void Texts_without_personal_things_have_few_findings(string file, double perDocument)
    {
        var documents = new CorpusPipeline([new CorpusInput(SharedData.At($"data/text/{file}"))]).Run(new CorpusReport()).Take(200).ToList();
        var step = new PiiMask();
        var found = documents.SelectMany(document => step.Find(document.Text).Select(finding => (Finding: finding, document.Text))).ToList();
        foreach (var (finding, text) in found.Take(60))
        {
            output.WriteLine($"{finding.Kind}: {text[Math.Max(0, finding.Start - 30)..Math.Min(text.Length, finding.End + 15)].ReplaceLineEndings("/")}");
        }

        Assert.True(found.Count <= perDocument * documents.Count, $"{found.Count} findings in {documents.Count} documents");
    }
}
