document.title = 'Demo page';
