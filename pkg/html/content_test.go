package html

import (
	"strings"
	"testing"
)

// frame is a page with what surrounds the content of most.
func frame(body string) string {
	return `<html><head><title>T</title></head><body>
<div class="header"><a href="/">Home</a> <ul class="menu"><li><a href="/a">About us</a><li><a href="/b">Where we work</a><li><a href="/c">Contact</a></ul></div>
<div class="breadcrumb"><a href="/">Home</a> » <a href="/r">Reports</a></div>` + body + `
<div class="related"><h3>More reports</h3><ul><li><a href="/1">Floods in the north displace thousands of families</a><li><a href="/2">Drought bulletin of the second quarter</a></ul></div>
<div class="share">Share this page: <a href="//t.example">T</a> <a href="//f.example">F</a></div>
<div class="footer">© 2024 Relief Network. All rights reserved. <a href="/p">Privacy policy</a></div></body></html>`
}

func TestMainContent(t *testing.T) {
	const (
		amharic = "በሶማሌ ክልል የተከሰተው ድርቅ በሺዎች የሚቆጠሩ ቤተሰቦችን ለችግር አጋልጧል። የአካባቢው ባለሥልጣናት የውሃና የምግብ እርዳታ በአስቸኳይ እንደሚያስፈልግ ገልጸዋል። "
		arabic  = "أدت الفيضانات إلى نزوح آلاف العائلات من منازلها في المنطقة الشمالية. وتعمل فرق الإغاثة على توفير المياه والغذاء والمأوى للمتضررين، "
		burmese = "ရေဘေးကြောင့် မိသားစုပေါင်း ထောင်ချီ၍ နေအိမ်များကို စွန့်ခွာခဲ့ရသည်။ ကယ်ဆယ်ရေးအဖွဲ့များသည် သောက်သုံးရေနှင့် အစားအစာများကို ပေးဝေလျက်ရှိသည်။ "
		chinese = "洪水迫使数千个家庭离开家园。救援队正在向受灾群众提供饮用水、食品和住所，当地政府呼吁国际社会提供更多援助。"
		swahili = "Zaidi ya familia elfu tatu zimeyahama makazi yao baada ya mto kuvunja kingo zake mwishoni mwa wiki, maafisa walisema Jumatatu. "
	)
	surrounding := []string{"About us", "More reports", "Drought bulletin", "Share this page", "All rights reserved", "Privacy"}
	paragraphs := func(text string, n int) string { return strings.Repeat("<p>"+text+text+"</p>", n) }
	for name, tt := range map[string]struct {
		body string
		want []string
	}{
		"Amharic":   {"<div class=content><h2>ድርቅ</h2>" + paragraphs(amharic, 4) + "</div>", []string{"የአካባቢው"}},
		"Arabic":    {`<div dir=rtl>` + paragraphs(arabic, 4) + "</div>", []string{"الفيضانات"}},
		"Burmese":   {"<div>" + paragraphs(burmese, 3) + "</div>", []string{"ကယ်ဆယ်ရေး"}},
		"Chinese":   {"<div id=main>" + paragraphs(chinese, 3) + "</div>", []string{"救援队"}},
		"no markup": {swahili + swahili + "<br><br>" + swahili + swahili + "<br><br>" + swahili, []string{"maafisa walisema"}},
		"layout by tables": {"<table><tr><td width=20%><a href=/x>One</a><br><a href=/y>Two</a><td>" + strings.Repeat(swahili+swahili+"<br><br>", 4) + "</table>",
			[]string{"maafisa walisema"}},
		"list and table": {`<div class=report><h2>Mahitaji</h2>` + paragraphs(swahili, 2) + `<ul><li>maji safi ya kunywa na vidonge vya kusafisha maji</li><li>mahema na mablanketi kwa familia zenye watoto</li></ul>
<table><caption>Familia zilizohama</caption><tr><th>Kaunti<th>Familia<tr><td>Tana River<td>2,140<tr><td>Garissa<td>905</table>` + paragraphs(swahili, 2) + "</div>",
			[]string{"vidonge vya kusafisha", "mahema na mablanketi", "Familia zilizohama", "Garissa\t905", "Mahitaji"}},
	} {
		t.Run(name, func(t *testing.T) {
			text := extract(t, frame(tt.body), Options{}).Text()
			for _, w := range tt.want {
				if !strings.Contains(text, w) {
					t.Errorf("lacks %q:\n%s", w, text)
				}
			}
			for _, w := range surrounding {
				if strings.Contains(text, w) {
					t.Errorf("holds %q:\n%s", w, text)
				}
			}
		})
	}
}

// A model of a few pages must learn what they teach, and be read as written.
func TestTrainer(t *testing.T) {
	var trainer Trainer
	for _, word := range []string{"mto", "ziwa", "bahari", "kisima", "mvua", "jua"} {
		text := "Watu wengi wa eneo hili hutumia " + word + " kila siku, na hali imebadilika sana mwaka huu kwa wakazi wote."
		page := frame("<div class=content><p>" + text + "</p><p>" + text + " Ndivyo ilivyo.</p></div>")
		if err := trainer.Add(Example{Page: []byte(page), Body: text + " " + text + " Ndivyo ilivyo.", Weight: 1}); err != nil {
			t.Fatal(err)
		}
	}
	precision, recall, err := trainer.CrossValidate(3)
	if err != nil || precision < 0.9 || recall < 0.9 {
		t.Errorf("precision %.2f, recall %.2f, %v", precision, recall, err)
	}
	weights, err := trainer.Train()
	if err != nil {
		t.Fatal(err)
	}
	m, err := readModel(weights)
	if err != nil {
		t.Fatal(err)
	}
	if m.String() != weights {
		t.Error("weights differ when written again")
	}
	if _, err := readModel(strings.Replace(weights, "local\t", "local\tno-", 1)); err == nil {
		t.Error("unknown feature accepted")
	}
}
